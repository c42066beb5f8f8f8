// Visits the entries of a Redis database whose key starts with a prefix.

#ifndef APPCACHE_ADAPTERS_REDIS_WALK_H_
#define APPCACHE_ADAPTERS_REDIS_WALK_H_

#include "adapters/redis/client.h"
#include "appcache/backend.h"
#include "appcache/error.h"

namespace appcache::redis {

// Backend::WalkRaw. Uses a connection of its own: a cursor of SCAN is valid on
// one server only, and a connection of the pool may be replaced by one to
// another. Skips keys that hold no string. The number of round trips is
// proportional to the size of the database. kUnavailable also when the
// connection is lost, and in a child that `visit` has forked, at the next
// request. Throws std::bad_alloc.
Status WalkEntries(Client& client, const WalkOptions& options,
                   WalkVisitor visit);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WALK_H_
