// What a Redis server's error replies mean to the user of a cache.

#ifndef APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_
#define APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_

#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::redis {

// `reply` is the text of an error reply, `server` what messages call the
// server ("the Redis server localhost:6379"). Of the text the message has the
// first word, and more only where the server is known not to repeat what it was
// sent: a value, or a password.
Status ServerError(std::string_view reply, const std::string& server);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_SERVER_ERROR_H_
