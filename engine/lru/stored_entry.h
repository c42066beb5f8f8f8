// StoredEntryOf: what users get of a row.

#ifndef APPCACHE_ENGINE_LRU_STORED_ENTRY_H_
#define APPCACHE_ENGINE_LRU_STORED_ENTRY_H_

#include <chrono>
#include <cstdint>
#include <utility>

#include "appcache/sqlite_entry.h"
#include "engine/lru/clock_shift.h"
#include "engine/store/reader.h"

namespace appcache::lru {

// Its times are in the range that can be restored, whatever others have
// written.
inline StoredEntry StoredEntryOf(store::WalkedRow&& row,
                                 const ClockShift& shift) {
  StoredEntry entry;
  entry.info.path = std::move(row.key);
  entry.info.bytes = static_cast<uint64_t>(row.bytes);
  entry.info.last_used =
      TimePoint(std::chrono::microseconds(shift.Tick(row.last_used)));
  if (row.expires_at_ms != 0) {
    entry.info.expires_at =
        TimePoint(std::chrono::milliseconds(shift.Expiry(row.expires_at_ms)));
  }
  entry.value = std::move(row.value);
  return entry;
}

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_STORED_ENTRY_H_
