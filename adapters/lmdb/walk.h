// Visits the entries whose path starts with a prefix.

#ifndef APPCACHE_ADAPTERS_LMDB_WALK_H_
#define APPCACHE_ADAPTERS_LMDB_WALK_H_

#include <chrono>

#include "adapters/lmdb/environment.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/error.h"

namespace appcache::lmdb {

// Backend::WalkRaw. Copies entries in short read transactions, and visits them
// outside these, so that a slow visitor keeps no page from being reused. Sets
// `is_ahead` as FindRecord does. Errors: kBusy, kUnavailable; kCorrupt when
// damaged records were left out. Throws std::bad_alloc. After `visit` has
// returned false, it does not use `environment`. REQUIRES: `visit` returns
// false in a child that it has forked.
Status WalkEntries(Environment& environment, const Clock& clock,
                   std::chrono::milliseconds busy_timeout,
                   const WalkOptions& options, WalkVisitor visit,
                   bool& is_ahead);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_WALK_H_
