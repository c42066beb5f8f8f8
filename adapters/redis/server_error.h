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
// or a password.
Status ServerError(std::string_view reply, const std::string& server);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_
