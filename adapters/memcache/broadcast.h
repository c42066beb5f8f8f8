// Broadcast: sends a command without a key to every server.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_BROADCAST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_BROADCAST_H_

#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/reply.h"
#include "adapters/memcache/servers.h"
#include "appcache/error.h"

namespace appcache::memcache {

// The text of each server's reply, which must be of type `expected`. Otherwise
// the first error in the order of the servers; all servers have been sent the
// command, if they could be reached. Throws std::bad_alloc.
Result<std::vector<std::string>> Broadcast(Servers& servers,
                                           std::string_view command,
                                           Reply::Type expected);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_BROADCAST_H_
