// The options of a RedisCache: their check, and what follows from them.

#ifndef APPCACHE_ADAPTERS_REDIS_OPTIONS_H_
#define APPCACHE_ADAPTERS_REDIS_OPTIONS_H_

#include <cstdint>

#include "adapters/net/address.h"
#include "adapters/net/settings.h"
#include "adapters/redis/connection.h"
#include "appcache/error.h"
#include "appcache/redis_cache_options.h"
#include "appcache/traits.h"

namespace appcache::redis {

// The largest key and value that Redis accepts (its proto-max-bulk-len).
inline constexpr uint64_t kMaxBytes = uint64_t{512} << 20;

// kInvalidArgument that names the first option out of range.
Status Check(const RedisCacheOptions& options);

net::Settings ToSettings(const RedisCacheOptions& options);
net::Endpoint ToEndpoint(const RedisCacheOptions& options);
Login ToLogin(const RedisCacheOptions& options);
BackendTraits ToTraits(const RedisCacheOptions& options);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_OPTIONS_H_
