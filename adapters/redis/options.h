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
Status Validate(const RedisCacheOptions& options);

net::Settings SettingsOf(const RedisCacheOptions& options);
net::Endpoint EndpointOf(const RedisCacheOptions& options);
Login LoginOf(const RedisCacheOptions& options);
BackendTraits TraitsOf(const RedisCacheOptions& options);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_OPTIONS_H_
