// Keeps entries from living longer than their ttl when the clock was set back.
//
// Expiry times are absolute, so a clock that is set back by a day adds a day to
// the life of each entry that it has not expired. The row "time" of the main
// table has the latest time of a write. A write whose time is earlier by more
// than kClockTolerance shows that the clock was set back, or that another
// process has written with a clock that was ahead. Then the entries that were
// written later than now are corrected, each by its own difference: they live
// no longer than their ttl from now. Other entries need nothing.
//
// A record has the time of its write, so an entry is corrected once, whoever
// does it. One of version 1 has no such time, and is corrected by the
// difference of the row. A directory of an older build has no row until the
// next write.

#ifndef APPCACHE_ADAPTERS_LMDB_FOLLOW_CLOCK_H_
#define APPCACHE_ADAPTERS_LMDB_FOLLOW_CLOCK_H_

#include <lmdb.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/tables.h"
#include "appcache/times.h"

namespace appcache::lmdb {

// The key of the row in the main table. No EntryKey equals it.
inline constexpr std::string_view kTimeKey = "time";

struct TimeRow {
  // The latest time of a write; a write may be later by a second.
  TimePoint latest;
  // Entries with sequence numbers up to `corrected` were written no later than
  // `corrected_at`, with the tolerance. A new entry gets a larger number.
  TimePoint corrected_at;
  uint64_t corrected = 0;

  // Whether the clock was set back, or another was ahead.
  bool IsAhead(TimePoint now) const noexcept;

  friend bool operator==(const TimeRow&, const TimeRow&) noexcept = default;
};

// Results are LMDB's codes.

// None if there is no row, or it is damaged.
int LoadTimeRow(MDB_txn* txn, const Tables& tables,
                std::optional<TimeRow>& row);

// Works within a write transaction: stores `now` as the latest time of a write.
// If that is ahead of `now`, corrects the next entries instead if `corrects`,
// and otherwise does nothing. Afterwards `corrects` is whether it has tried to:
// repeat that until it does not. `row` is the row afterwards.
int FollowClock(MDB_txn* txn, const Tables& tables, const Limits& limits,
                TimePoint now, TimeRow& row, bool& corrects);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_FOLLOW_CLOCK_H_
