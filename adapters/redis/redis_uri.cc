// Opens redis:// and redis+unix:// URIs (appcache/open.h).

#include <limits>
#include <utility>

#include "appcache/export.h"
#include "appcache/redis_cache.h"
#include "engine/uri/scheme_registry.h"
#include "engine/uri/units.h"

namespace appcache {
namespace {

using Opened = Result<std::unique_ptr<Cache>>;

RedisCacheOptions TakeOptions(const internal::Uri& uri, CacheOptions defaults,
                              internal::UriOptions& given) {
  RedisCacheOptions options;
  options.cache = std::move(defaults);
  options.user = uri.user;
  options.password = uri.password;
  given.Duration("timeout", options.timeout);
  given.Duration("connect_timeout", options.connect_timeout);
  given.Count("max_connections", options.max_connections);
  given.Size("max_reply_bytes", options.max_reply_bytes);
  return options;
}

// Sets `database` to that of /DATABASE, if there is one.
Status ParseDatabase(const internal::Uri& uri, uint32_t& database) {
  if (uri.path.empty() || uri.path == "/") return Status();
  const Result<uint64_t> number =
      internal::ParseNumber(std::string_view(uri.path).substr(1), 0,
                            std::numeric_limits<uint32_t>::max());
  if (!number.ok()) {
    return internal::InvalidUri(uri,
                                "a database is a number from 0 to 2^32 - 1");
  }
  database = static_cast<uint32_t>(*number);
  return Status();
}

Opened OpenByHost(const internal::Uri& uri, CacheOptions defaults,
                  internal::UriOptions& given) {
  RedisCacheOptions options = TakeOptions(uri, std::move(defaults), given);
  Status status = given.Done();
  if (status.ok() && uri.hosts.size() != 1) {
    status = internal::InvalidUri(uri, "a Redis cache has one host");
  }
  if (status.ok()) status = ParseDatabase(uri, options.database);
  if (!status.ok()) return status;
  options.host = uri.hosts[0].name;
  options.port = uri.hosts[0].port.value_or(options.port);
  return internal::ToCache(RedisCache::Open(std::move(options)));
}

Opened OpenBySocket(const internal::Uri& uri, CacheOptions defaults,
                    internal::UriOptions& given) {
  RedisCacheOptions options = TakeOptions(uri, std::move(defaults), given);
  given.Number("db", 0, options.database);
  Status status = given.Done();
  if (status.ok() && (!uri.hosts.empty() || uri.path.empty())) {
    status = internal::InvalidUri(uri, "a unix socket has a path and no host");
  }
  if (!status.ok()) return status;
  options.unix_path = uri.path;
  return internal::ToCache(RedisCache::Open(std::move(options)));
}

const internal::SchemeRegistrar kRedis("redis", OpenByHost);
const internal::SchemeRegistrar kRedisUnix("redis+unix", OpenBySocket);

}  // namespace
}  // namespace appcache

extern "C" APPCACHE_EXPORT void appcache_scheme_redis() {}
