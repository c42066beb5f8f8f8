#include "appcache/lmdb_cache.h"

#include <utility>

#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/lmdb_backend.h"
#include "engine/support/file_size_signal.h"

namespace appcache {

static_assert(LmdbCache::kMaxKeyBytes == lmdb::Limits::kMaxKeyBytes);

LmdbCache::LmdbCache(std::shared_ptr<Backend> backend, CacheOptions options)
    : Cache(std::move(backend), std::move(options)) {}

// A loader may use this object, so loads end before its destruction begins.
LmdbCache::~LmdbCache() { StopLoads(); }

LmdbCache::Opened LmdbCache::Open(const std::string& directory,
                                  LmdbCacheOptions options) {
  // For what is written before the writer lock is held.
  const internal::FileSizeSignalBlock no_signal;
  return WithoutExceptions<Opened>([&]() -> Opened {
    auto backend = lmdb::LmdbBackend::Open(directory, options);
    if (!backend.ok()) return backend.status();
    return std::unique_ptr<LmdbCache>(
        new LmdbCache(*std::move(backend), std::move(options.cache)));
  });
}

}  // namespace appcache
