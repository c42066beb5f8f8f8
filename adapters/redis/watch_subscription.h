// How a connection becomes one on which the server, or other programs, tell
// what changes.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_

#include <string>
#include <string_view>

#include "adapters/net/deadline.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "engine/error.h"

namespace appcache::redis {

// Has the server tell of each change of a key that begins with `prefix`,
// whoever made it (CLIENT TRACKING in broadcasting mode, redirected to this
// connection itself: RESP2). Changes up to the return may have been missed.
// `is_refused`: the server cannot do that, or this user may not have it.
Status SubscribeToTracking(Connection& connection, std::string_view prefix,
                           const net::Deadline& deadline, bool& is_refused);

// Has it pass on what is published on `channel`.
Status SubscribeToChannel(Connection& connection, std::string_view channel,
                          const net::Deadline& deadline, bool& is_refused);

// The failure that `server` means by `reply` to `command`. `needs` is what it
// takes: the ACL rules of the user, for one.
Status RefusalOf(const std::string& server, const Reply& reply,
                 std::string_view command, std::string_view needs,
                 bool& is_refused);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_
