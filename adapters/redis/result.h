// Converts replies to results. `server` is the server's name in messages.

#ifndef APPCACHE_ADAPTERS_REDIS_RESULT_H_
#define APPCACHE_ADAPTERS_REDIS_RESULT_H_

#include <string>

#include "adapters/redis/reply.h"
#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/lookup.h"
#include "appcache/times.h"

namespace appcache::redis {

// The error for a reply that is an error or of the wrong type or size.
Status UnexpectedReply(const Reply& reply, const std::string& server);

// True for the error for a reply of the wrong type or size: the server and its
// client are out of step. The next reply may be one to this command, so the
// connection must not be used any more.
bool IsOutOfStep(const Status& status) noexcept;

// Converts the reply to GET, or an element of the reply to MGET.
Lookup<Bytes> ToLookup(Reply reply, const std::string& server);

// Converts the reply to PTTL. The ttl is at most kMaxTtl, whatever the server
// says.
Lookup<Ttl> ToTtl(const Reply& reply, const std::string& server);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_RESULT_H_
