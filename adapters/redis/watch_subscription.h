// Subscribes a connection to notifications of changes: from the server, or from
// other programs.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_

#include <string>
#include <string_view>

#include "adapters/net/deadline.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "appcache/error.h"

namespace appcache::redis {

// These set `is_refused` when they fail because the server does not support a
// command or does not permit it to this user, and leave it unchanged otherwise.
// They throw std::bad_alloc.

// Subscribes to the invalidation messages of each change of a key that starts
// with `prefix`, whoever makes it: CLIENT TRACKING in broadcasting mode,
// redirected to this connection itself, which RESP2 permits. Changes before the
// return may have been missed.
Status SubscribeToTracking(Connection& connection, std::string_view prefix,
                           const net::Deadline& deadline, bool& is_refused);

// Subscribes to what is published on `channel`.
Status SubscribeToChannel(Connection& connection, std::string_view channel,
                          const net::Deadline& deadline, bool& is_refused);

// The error for `reply` to `command`, which is an error reply or of the wrong
// type. `requirements` are, for example, the ACL rules that the user needs.
Status ToRefusal(const std::string& server, const Reply& reply,
                 std::string_view command, std::string_view requirements,
                 bool& is_refused);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_SUBSCRIPTION_H_
