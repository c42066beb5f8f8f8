// Removes what begins with a prefix.

#ifndef APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_
#define APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/write.h"
#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::lmdb {

// Every entry that is there from the call's begin to its end, and whose path
// begins with `prefix`, is gone; "" is a Clear. `count` grows by how many,
// `removed` by what Write removes besides. On failure some may be gone. They
// are found in short read transactions, for which no writer waits, and removed
// in write transactions as long as a batch's. Errors as Write's. Throws
// std::bad_alloc.
Status RemovePrefix(Environment& environment, const Clock& clock,
                    std::chrono::milliseconds busy_timeout,
                    std::string_view prefix, uint64_t& count, Removed& removed);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_
