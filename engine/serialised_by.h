// SerialisedBy: one serialiser for a whole cache.
//
//   template <class V>
//   using AppJson = appcache::JsonSerialiser<V, nlohmann::json>;
//
//   cache.Get(SerialisedBy<AppJson, UserKey>(UserKey(7)));
//
// wraps a key so that its value goes through the named serialiser, and changes
// nothing else about it. A program with one format writes itself the shorthand:
//
//   auto Json(auto key) { return SerialisedBy<AppJson, decltype(key)>(key); }

#ifndef APPCACHE_ENGINE_SERIALISED_BY_H_
#define APPCACHE_ENGINE_SERIALISED_BY_H_

#include <string_view>
#include <utility>

#include "engine/key.h"

namespace appcache {

template <template <class> class S, CacheKey K>
class SerialisedBy {
 public:
  using value_type = typename K::value_type;
  using serialiser = S<value_type>;

  explicit SerialisedBy(K key) : key_(std::move(key)) {}

  void AppendTo(KeyPath& path) const { key_.AppendTo(path); }
  auto namespace_key() const requires internal::HasNamespace<K> {
    return key_.namespace_key();
  }
  bool should_compress(const value_type& value, std::string_view bytes)
      const requires internal::MayCompress<K> {
    return key_.should_compress(value, bytes);
  }

 private:
  K key_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_SERIALISED_BY_H_
