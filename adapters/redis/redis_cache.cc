#include "appcache/redis_cache.h"

#include <utility>

#include "adapters/redis/redis_backend.h"

namespace appcache {

RedisCache::RedisCache(std::shared_ptr<Backend> backend, CacheOptions options)
    : Cache(std::move(backend), std::move(options)) {}

// A loader may use this object, so loads end before its destruction begins.
RedisCache::~RedisCache() { StopLoads(); }

RedisCache::Opened RedisCache::Open(RedisCacheOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    auto backend = redis::RedisBackend::Make(options);
    if (!backend.ok()) return backend.status();
    return std::unique_ptr<RedisCache>(
        new RedisCache(*std::move(backend), std::move(options.cache)));
  });
}

}  // namespace appcache
