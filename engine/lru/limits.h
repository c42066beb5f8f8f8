// The largest key and value of a SqliteCache. Public as
// SqliteCache::kMaxKeyBytes and kMaxValueBytes.

#ifndef APPCACHE_ENGINE_LRU_LIMITS_H_
#define APPCACHE_ENGINE_LRU_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "appcache/times.h"

namespace appcache::lru {

inline constexpr size_t kMaxKeyBytes = size_t{1} << 20;
// Below SQLite's limit for a row, which is 1,000,000,000 bytes.
inline constexpr uint64_t kMaxValueBytes = uint64_t{900} << 20;

// The end of the year 9999, the last time that SQL date functions take.
inline constexpr TimePoint kMaxTime{
    std::chrono::microseconds(253'402'300'799'999'999)};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_LIMITS_H_
