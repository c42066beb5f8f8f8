// Keys: types that name an entry and say what is stored in it.
//
// A key is any type with
//
//   using value_type = User;                    what Get returns
//   void AppendTo(KeyPath& path) const; path.Segment("user").Segment(id)
//
// and, where wanted,
//
//   K2 namespace_key() const;                   see below; or optional<K2>
//   bool should_compress(const User&, std::string_view bytes) const;
//   using serialiser = ...;                     see serialiser.h
//
// Namespaces. The value stored under namespace_key() becomes the first segment
// after the prefix: `prefix/<that value>/segment/...`. Change the value and all
// entries below it are out of reach at once (and leave by eviction); while
// there is none, a get is a miss, and a set or an invalidate does nothing but
// warn. The stored bytes are the segment as they are, after decompression: text
// for strings and numbers. A namespace key may itself have a namespace.

#ifndef APPCACHE_ENGINE_KEY_H_
#define APPCACHE_ENGINE_KEY_H_

#include <concepts>
#include <string_view>
#include <type_traits>

#include "engine/key_path.h"
#include "engine/serialiser.h"

namespace appcache {

template <class K>
concept CacheKey = requires(const K& key, KeyPath& path) {
  typename K::value_type;
  key.AppendTo(path);
};

// Namespaces of namespaces deeper than this are kInvalidKey: a key whose
// namespace leads back to itself ends there.
inline constexpr int kMaxNamespaceDepth = 16;

// The simple case: the segments, and the type of the value.
//
//   Key<std::string> greeting("greeting", user_id, "en");
//
// No heap allocation up to KeyPath::kInlineBytes.
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

 private:
  KeyPath segments_;
};

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

#endif  // APPCACHE_ENGINE_KEY_H_
