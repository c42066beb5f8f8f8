// Keys: types that name an entry and the type of its value.
//
// A key is any type with
//
//   using value_type = User;
//   void AppendTo(KeyPath& path) const { path.Segment("user").Segment(id); }
//
// and optionally
//
//   GroupKey namespace_key() const;  // or std::optional<GroupKey>
//   bool should_compress(const User& user, std::string_view bytes) const;
//   using serialiser = UserSerialiser;  // serialiser.h
//
// Key<V> below serves the simple case.
//
// Namespaces. The value that is stored under namespace_key() becomes the first
// segment after the prefix: `prefix/<that value>/segment/...`. When that value
// changes, all entries under it become unreachable at once, and are evicted
// later. While there is no such value, a get is a miss, and a set or an
// invalidate does nothing but log a warning. A namespace key may have a
// namespace of its own.
//
// If the namespace key names a serialiser, the segment is the text of the
// value: a string as it is, and numbers, bool, an empty optional and
// PickleValue as Python's str() prints them ("7", "0.5", "True", "None"), which
// is the segment of pyappcache too. Without one, and for other types, the
// stored bytes are used as they are, after decompression; the pickle of an
// integer in decimal is its digits, and another pickle is kCorrupt.

#ifndef APPCACHE_KEY_H_
#define APPCACHE_KEY_H_

#include <concepts>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>

#include "appcache/key_path.h"
#include "appcache/serialiser.h"

namespace appcache {

template <class K>
concept CacheKey = requires(const K& key, KeyPath& path) {
  typename K::value_type;
  key.AppendTo(path);
};

// Namespaces that are nested deeper are kInvalidKey. Stops a key whose
// namespace leads back to the key itself.
inline constexpr int kMaxNamespaceDepth = 16;

// A key of segments, and the type of its value.
//
//   Key<std::string> greeting("greeting", user_id, "en");
//
// Does not allocate up to KeyPath::kInlineBytes.
template <class V>
class Key {
 public:
  using value_type = V;

  template <class... Segments>
    requires(sizeof...(Segments) > 0)
  explicit Key(const Segments&... segments) {
    (segments_.Segment(segments), ...);
  }

  void AppendTo(KeyPath& path) const { path.Segment(segments_.view()); }

  // "greeting/7/en". Valid until this object is destroyed.
  std::string_view view() const noexcept { return segments_.view(); }

 private:
  KeyPath segments_;
};

// The key's own segments, without prefix and namespace: "user/7".
template <CacheKey K>
std::string ToString(const K& key) {
  KeyPath path;
  key.AppendTo(path);
  return std::string(path.view());
}

template <class V>
std::ostream& operator<<(std::ostream& out, const Key<V>& key) {
  return out << key.view();
}

namespace internal {

template <class K>
concept HasNamespace = requires(const K& key) {
  key.namespace_key();
};

template <class K>
concept MayCompress = requires(const K& key,
                               const typename K::value_type& value,
                               std::string_view bytes) {
  { key.should_compress(value, bytes) } -> std::convertible_to<bool>;
};

template <class K>
concept HasSerialiser = requires {
  typename K::serialiser;
};

template <class K>
struct SerialiserOf {
  using type = Serialiser<typename K::value_type>;
};
template <HasSerialiser K>
struct SerialiserOf<K> {
  using type = typename K::serialiser;
};

}  // namespace internal
}  // namespace appcache

#endif  // APPCACHE_KEY_H_
