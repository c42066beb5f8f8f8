// Interprets the error lines of a Memcached server.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_

#include <string>
#include <string_view>

#include "appcache/error.h"

namespace appcache::memcache {

// The error that `line` means to the user of a cache. `server` names the server
// in messages. The message has the first word of the line only, because the
// rest may repeat a key or a value. REQUIRES: the first word is ERROR,
// CLIENT_ERROR or SERVER_ERROR.
Status ServerError(std::string_view line, const std::string& server);

// Whether the server is in step with its client after the error: it has read
// the whole command. After ERROR and CLIENT_ERROR it may read a value as
// commands.
bool IsInStepAfter(std::string_view line) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_
