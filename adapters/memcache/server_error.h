// What a Memcached server's error lines mean to the user of a cache.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_

#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::memcache {

// `line` is what the server answered, from ERROR, CLIENT_ERROR or SERVER_ERROR
// on, `server` what messages call it ("the Memcached server localhost:11211").
// Of a line that is not known the message has the first word only: the rest may
// repeat what was sent.
Status ServerError(std::string_view line, const std::string& server);

// Whether the server is still in step with its client: it has taken the whole
// command for what it is. (After ERROR or CLIENT_ERROR it may take a value for
// commands.)
bool IsInStepAfter(std::string_view line) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVER_ERROR_H_
