// ResolvedPath: the whole path of a key, with the prefix and the value of its
// namespace. Not for users.

#ifndef APPCACHE_RESOLVED_PATH_H_
#define APPCACHE_RESOLVED_PATH_H_

#include <string_view>
#include <type_traits>
#include <utility>

#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/function_ref.h"
#include "appcache/key.h"
#include "appcache/key_path.h"
#include "appcache/lookup.h"

namespace appcache::internal {

// A key's path, or why it has none.
struct ResolvedPath {
  KeyPath path;
  bool found = true;  // false: the namespace does not exist, or an error
  Status status;
};

// Reads the value of a namespace, decompressed.
using NamespaceReader = FunctionRef<Lookup<Bytes>(std::string_view path)>;

// kInvalidKey: deeper than kMaxNamespaceDepth.
Status NamespaceTooDeep();

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
    if (value) {
      resolved.path.Segment(value->view());
      return;
    }
    space.status = value.status();
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
