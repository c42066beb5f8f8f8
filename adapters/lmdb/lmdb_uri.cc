// lmdb:PATH, for Open.

#include <utility>

#include "adapters/lmdb/lmdb_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

Result<std::unique_ptr<Cache>> OpenLmdb(const Uri& uri, CacheOptions defaults,
                                        UriOptions& given) {
  LmdbCacheOptions options;
  options.cache = std::move(defaults);
  given.Size("max_bytes", options.max_bytes);
  given.Duration("busy_timeout", options.busy_timeout);
  Status status = given.Done();
  if (status.ok()) status = ExpectPathOnly(uri);
  if (!status.ok()) return status;
  return ToCache(LmdbCache::Open(uri.path, std::move(options)));
}

const SchemeRegistrar kLmdb("lmdb", OpenLmdb);

}  // namespace
}  // namespace appcache
