// Removes what begins with a prefix from a Redis database.

#ifndef APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_
#define APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/redis/client.h"
#include "engine/error.h"

namespace appcache::redis {

// The pattern of SCAN, KEYS and the like for what begins with `prefix`.
std::string PrefixPattern(std::string_view prefix);

// Every key that is there from the call's begin to its end, and begins with
// `prefix`, is gone; `removed` grows by how many. On failure some may be. Ends,
// as SCAN does, after a number of round trips that the size of the database
// bounds. Throws std::bad_alloc.
Status RemovePrefix(Client& client, std::string_view prefix, uint64_t& removed);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_
