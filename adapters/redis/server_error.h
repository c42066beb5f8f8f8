// Converts the error replies of a Redis server to errors of a cache.

#ifndef APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_
#define APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_

#include <string>
#include <string_view>

#include "appcache/error.h"

namespace appcache::redis {

// `reply` is the text of an error reply, `server` the server's name in messages
// ("the Redis server localhost:6379"). The message contains only the first word
// of the text, because the rest may repeat what the server was sent: a value,
// or a password. The native code is EROFS when the server refuses writes and
// can be read (Backend, "Refused writes").
Status ServerError(std::string_view reply, const std::string& server);

// True for an error reply which says that nothing was done because this server
// is not, or not yet, the one to ask: a primary that has become a replica, a
// server that has just started. Its name may stand for another server by now.
bool IsWrongServer(std::string_view reply);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_
