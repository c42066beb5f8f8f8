// Opens the URI scheme lmdb:PATH.

#include <utility>

#include "appcache/export.h"
#include "appcache/lmdb_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

Result<std::unique_ptr<Cache>> OpenLmdb(const internal::Uri& uri,
                                        CacheOptions defaults,
                                        internal::UriOptions& given) {
  LmdbCacheOptions options;
  options.cache = std::move(defaults);
  given.Size("max_bytes", options.max_bytes);
  given.Duration("busy_timeout", options.busy_timeout);
  Status status = given.Done();
  if (status.ok()) status = internal::ExpectPathOnly(uri);
  if (!status.ok()) return status;
  return internal::ToCache(LmdbCache::Open(uri.path, std::move(options)));
}

const internal::SchemeRegistrar kLmdb("lmdb", OpenLmdb);

}  // namespace
}  // namespace appcache

extern "C" APPCACHE_EXPORT void appcache_scheme_lmdb() {}
