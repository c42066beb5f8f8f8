// The Memcached server, for the tests that every cache on a server must pass.

#ifndef APPCACHE_TESTS_MEMCACHE_MEMCACHED_KIND_H_
#define APPCACHE_TESTS_MEMCACHE_MEMCACHED_KIND_H_

#include <memory>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/servers/server_kind.h"

namespace appcache {

ServerKind MemcachedKind();

// The server that `client` names.
MemcacheServer ServerOf(const ClientOptions& client);

// Opens a cache on several servers, with the limits of `client`.
Result<std::unique_ptr<Cache>> OpenOnServers(
    std::vector<MemcacheServer> servers, const ClientOptions& client);

}  // namespace appcache

#endif  // APPCACHE_TESTS_MEMCACHE_MEMCACHED_KIND_H_
