// ResolvedPath: the whole path of a key, with the prefix and the value of its
// namespace. Not for users.

#ifndef APPCACHE_RESOLVED_PATH_H_
#define APPCACHE_RESOLVED_PATH_H_

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/function_ref.h"
#include "appcache/key.h"
#include "appcache/key_path.h"
#include "appcache/lookup.h"
#include "appcache/serialiser.h"

namespace appcache::internal {

// A key's path, or why it has none.
struct ResolvedPath {
  KeyPath path;
  bool found = true;  // false: the namespace does not exist, or an error
  Status status;
};

// The text of a value as Python's str() prints it, which pyappcache makes the
// segment of a namespace. Of() returns none for a value without one.
template <class V>
struct SegmentText;

APPCACHE_EXPORT std::string PythonText(double number);

template <std::same_as<std::string> V>
struct SegmentText<V> {
  static std::optional<std::string> Of(const V& value) { return value; }
};
template <std::same_as<bool> V>
struct SegmentText<V> {
  static std::optional<std::string> Of(V value) {
    return value ? "True" : "False";
  }
};
template <Number V>
struct SegmentText<V> {
  static std::optional<std::string> Of(V value) {
    if constexpr (std::integral<V>) {
      return std::string(NumberText(static_cast<Widened<V>>(value)));
    } else {
      return PythonText(static_cast<double>(value));
    }
  }
};

template <class V>
concept HasSegmentText = requires(const V& value) {
  SegmentText<V>::Of(value);
};

template <HasSegmentText V>
struct SegmentText<std::optional<V>> {
  static std::optional<std::string> Of(const std::optional<V>& value) {
    return value ? SegmentText<V>::Of(*value) : "None";
  }
};

// Appends the segment of a namespace whose value has these bytes. False if they
// are not one of its values, or that has no text.
template <CacheKey K>
bool AppendNamespace(const Bytes& bytes, KeyPath& path) {
  using V = typename K::value_type;
  if constexpr (HasSerialiser<K> && HasSegmentText<V>) {
    const std::optional<V> value = K::serialiser::Deserialise(bytes);
    const auto text = value ? SegmentText<V>::Of(*value) : std::nullopt;
    if (text) path.Segment(*text);
    return text.has_value();
  } else {
    const std::string_view text = DecimalIn(bytes.view());
    if (IsPickle(text)) return false;
    path.Segment(text);
    return true;
  }
}

// Reads the value of a namespace, decompressed.
using NamespaceReader = FunctionRef<Lookup<Bytes>(std::string_view path)>;

// kInvalidKey: deeper than kMaxNamespaceDepth.
APPCACHE_EXPORT Status NamespaceTooDeep();
// kCorrupt: AppendNamespace failed.
APPCACHE_EXPORT Status NamespaceIsCorrupt(std::string_view path);

// Makes `resolved`, whose path is empty, the path of `key`. Calls `read` once
// for each namespace. Throws what the key and `read` throw.
template <CacheKey K>
void ResolvePath(const K& key, std::string_view prefix, NamespaceReader read,
                 ResolvedPath& resolved, int depth = 0);

// Appends the value of the namespace to `resolved`, or says why it has none.
template <CacheKey K>
void ResolveNamespace(const K& namespace_key, std::string_view prefix,
                      NamespaceReader read, ResolvedPath& resolved, int depth) {
  ResolvedPath space;
  if (depth >= kMaxNamespaceDepth) {
    space.found = false;
    space.status = NamespaceTooDeep();
  } else {
    ResolvePath(namespace_key, prefix, read, space, depth + 1);
  }
  if (space.found) {
    const Lookup<Bytes> value = read(space.path.view());
    if (value && AppendNamespace<K>(*value, resolved.path)) return;
    space.status =
        value ? NamespaceIsCorrupt(space.path.view()) : value.status();
  }
  resolved.found = false;
  resolved.status = std::move(space.status);
}

template <CacheKey K>
void ResolvePath(const K& key, std::string_view prefix, NamespaceReader read,
                 ResolvedPath& resolved, int depth) {
  resolved.path.Segment(prefix);
  if constexpr (HasNamespace<K>) {
    const auto namespace_key = key.namespace_key();
    if constexpr (CacheKey<std::remove_const_t<decltype(namespace_key)>>) {
      ResolveNamespace(namespace_key, prefix, read, resolved, depth);
    } else if (namespace_key) {
      ResolveNamespace(*namespace_key, prefix, read, resolved, depth);
    }
    if (!resolved.found) return;
  }
  key.AppendTo(resolved.path);
}

}  // namespace appcache::internal

#endif  // APPCACHE_RESOLVED_PATH_H_
