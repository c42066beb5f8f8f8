// The largest key and value of a SqliteCache (public as
// SqliteCache::kMaxKeyBytes and kMaxValueBytes), and the checks against them.

#ifndef APPCACHE_ENGINE_LRU_LIMITS_H_
#define APPCACHE_ENGINE_LRU_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "appcache/error.h"
#include "appcache/sqlite_entry.h"
#include "appcache/times.h"
#include "engine/policy/eviction.h"

namespace appcache::lru {

inline constexpr size_t kMaxKeyBytes = size_t{1} << 20;
// Below SQLite's limit for a row, which is 1,000,000,000 bytes.
inline constexpr uint64_t kMaxValueBytes = uint64_t{900} << 20;

// The end of the year 9999, the last time that SQL date functions take.
inline constexpr TimePoint kMaxTime{
    std::chrono::microseconds(253'402'300'799'999'999)};

// The latest time that is taken for that of an access. A later one is nonsense,
// and must not become the base of the next ticks: they would end after
// kMaxTime, and could not be restored.
inline constexpr TimePoint kLatestAccess =
    kMaxTime - std::chrono::hours(24 * 366);
inline constexpr int64_t kLatestTick = kLatestAccess.time_since_epoch().count();

// kInvalidKey, or success.
Status CheckKeySize(std::string_view path);

// kTooLarge, with `consequence` in the message, or success.
Status CheckEntrySize(const policy::Limits& limits, std::string_view key,
                      std::string_view value, std::string_view consequence);

// kInvalidArgument when the times of an entry to restore cannot be stored.
Status CheckTimes(const EntryInfo& info);

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_LIMITS_H_
