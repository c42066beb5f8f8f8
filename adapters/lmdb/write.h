// Write: a transaction that makes room for what it writes.

#ifndef APPCACHE_ADAPTERS_LMDB_WRITE_H_
#define APPCACHE_ADAPTERS_LMDB_WRITE_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/environment.h"
#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::lmdb {

// Entries that were removed on the way.
struct Removed {
  uint64_t evicted = 0;
  uint64_t ended = 0;
};

struct Change {
  // How many pages it may add; 0: it only removes.
  uint64_t pages = 0;
  // LMDB's code. May be called again, after a transaction that was undone.
  std::function<int(Entries& entries, TimePoint now)> apply;
  // Unless it is null, asked in each transaction before anything is evicted:
  // `is_needless` says that there is nothing to apply. LMDB's code.
  std::function<int(const Entries& entries, TimePoint now, bool& is_needless)>
      check = nullptr;
};

// Applies `change` in one transaction, which also removes a few of the entries
// whose ttl has ended, and evicts the oldest until there is room. When there is
// none nevertheless, entries are evicted in transactions of their own, in the
// end all of them. kBusy: other writers, or a reader whose pages are needed,
// did not end within `busy_timeout`; kFull; kCorrupt; kUnavailable. After a
// failure nothing of `change` is done, but entries may have been evicted.
// Counts in `removed`.
Status Write(Environment& environment, const Clock& clock,
             std::chrono::milliseconds busy_timeout, const Change& change,
             Removed& removed);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_WRITE_H_
