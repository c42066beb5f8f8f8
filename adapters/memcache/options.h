// Checks the options of a MemcacheCache.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_OPTIONS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_OPTIONS_H_

#include "adapters/net/address.h"
#include "adapters/net/settings.h"
#include "appcache/error.h"
#include "appcache/memcache_cache_options.h"

namespace appcache::memcache {

// kInvalidArgument when an option is out of range, or a server is listed twice.
Status Validate(const MemcacheCacheOptions& options);

// The address of a server.
net::Endpoint EndpointOf(const MemcacheServer& server);

// The options that all clients of servers have.
net::Settings SettingsOf(const MemcacheCacheOptions& options);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_OPTIONS_H_
