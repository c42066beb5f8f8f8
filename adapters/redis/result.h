// What replies mean to a cache. `server` is what messages call the server.

#ifndef APPCACHE_ADAPTERS_REDIS_RESULT_H_
#define APPCACHE_ADAPTERS_REDIS_RESULT_H_

#include <string>

#include "adapters/redis/reply.h"
#include "engine/bytes.h"
#include "engine/cache.h"
#include "engine/error.h"
#include "engine/lookup.h"

namespace appcache::redis {

// A failure that the server has answered, or that it answered something else
// than it should.
Status Unexpected(const Reply& reply, const std::string& server);

// Of a GET, or an element of what an MGET yields.
Lookup<Bytes> ToLookup(Reply reply, const std::string& server);

// Of a PTTL.
Lookup<Ttl> ToTtl(const Reply& reply, const std::string& server);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_RESULT_H_
