// The steps of a check of a whole database. Call them within one transaction.

#ifndef APPCACHE_ENGINE_LRU_CHECK_STEPS_H_
#define APPCACHE_ENGINE_LRU_CHECK_STEPS_H_

#include <cstdint>
#include <vector>

#include "appcache/error.h"
#include "appcache/function_ref.h"
#include "appcache/sqlite_entry.h"
#include "engine/policy/eviction_target.h"
#include "engine/store/audit.h"
#include "engine/store/connection.h"

namespace appcache::lru {

// Checks pages and indexes, and reports what is wrong. True if nothing is. When
// it is false, the rows cannot be relied on.
Result<bool> CheckPages(const store::Connection& connection,
                        CheckReport& report);

// Counts and visits the sound entries, adds the hashes of the others to
// `remove`, and reports these and a difference from `stored`, the counts of
// meta. Returns what it has counted.
Result<policy::Counts> CheckRowsAndCounts(
    const store::Connection& connection, int64_t hash_seed,
    const policy::Counts& stored,
    FunctionRef<void(const store::AuditedEntry&, CheckReport&)> visit,
    CheckReport& report, std::vector<int64_t>& remove);

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_CHECK_STEPS_H_
