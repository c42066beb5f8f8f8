#include "appcache/memcache_cache.h"

#include <utility>

#include "adapters/memcache/memcache_backend.h"

namespace appcache {

MemcacheCache::MemcacheCache(std::shared_ptr<Backend> backend,
                             CacheOptions options)
    : Cache(std::move(backend), std::move(options)) {}

// A loader may use this object, so loads end before its destruction begins.
MemcacheCache::~MemcacheCache() { StopLoads(); }

MemcacheCache::Opened MemcacheCache::Open(MemcacheCacheOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    auto backend = memcache::MemcacheBackend::Make(options);
    if (!backend.ok()) return backend.status();
    return std::unique_ptr<MemcacheCache>(
        new MemcacheCache(*std::move(backend), std::move(options.cache)));
  });
}

}  // namespace appcache
