// Removes the keys with a prefix from a Redis database.

#ifndef APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_
#define APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_

#include <cstdint>
#include <string_view>

#include "adapters/redis/client.h"
#include "appcache/error.h"

namespace appcache::redis {

// Removes every key that starts with `prefix` and exists during the whole call,
// and adds the number of removed keys to `removed`. On failure some may have
// been removed. The number of round trips is proportional to the size of the
// database. Begins anew when the connections have been replaced in the
// meantime, so that on success the keys are gone from a server that accepted
// the last write. Throws std::bad_alloc.
Status RemovePrefix(Client& client, std::string_view prefix, uint64_t& removed);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_PREFIX_REMOVAL_H_
