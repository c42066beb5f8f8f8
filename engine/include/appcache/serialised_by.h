// SerialisedBy: a key with another serialiser.
//
// Wraps a key so that its value is serialised by the given template, and
// changes nothing else. A program that uses one format for all its values
// defines a shorthand:
//
//   template <class V>
//   using AppJson = appcache::JsonSerialiser<V, nlohmann::json>;
//   auto Json(auto key) { return SerialisedBy<AppJson, decltype(key)>(key); }
//
//   auto user = cache.Get(Json(UserKey{7}));

#ifndef APPCACHE_SERIALISED_BY_H_
#define APPCACHE_SERIALISED_BY_H_

#include <string_view>
#include <utility>

#include "appcache/key.h"

namespace appcache {

// Has the path, value_type, namespace and should_compress of `K`. A second
// serialiser that `K` names has no effect.
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

#endif  // APPCACHE_SERIALISED_BY_H_
