// When a database is made smaller, and in which steps.

#ifndef APPCACHE_ENGINE_POLICY_SHRINK_H_
#define APPCACHE_ENGINE_POLICY_SHRINK_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "appcache/times.h"

namespace appcache::policy {

// Whether entries of `bytes` are so few that their database should shrink, when
// there were `peak` bytes since it last did. A cache that is full and replaces
// its entries never shrinks.
constexpr bool ShouldShrink(int64_t peak, int64_t bytes) noexcept {
  constexpr int64_t kLeast = int64_t{256} << 10;
  return bytes < peak - std::max(peak / 4, kLeast);
}

// Whether so many free pages are left that another step is worth it. Some are
// kept for the next entries.
constexpr bool HasManyFreePages(int64_t all, int64_t free) noexcept {
  constexpr int64_t kKept = 32;
  return free > kKept && free > all / 8;
}

// A step holds the writer lock, for a third of a millisecond if its length is
// right; a checkpoint may follow.
// What one page costs depends on the database: between 1 and 60 us.
inline constexpr int64_t kFirstShrinkPages = 8;
inline constexpr int64_t kMaxShrinkPages = 256;
inline constexpr auto kShrinkStep = std::chrono::microseconds(300);

// Steps in one run of maintenance, some 10 ms: a fork waits for its end.
inline constexpr int kMaxShrinkSteps = 32;

// The length of the next step after one of `pages` that took `took`.
constexpr int64_t NextShrinkPages(int64_t pages,
                                  TimePoint::duration took) noexcept {
  if (took > kShrinkStep) return std::max<int64_t>(pages / 2, 1);
  if (took < kShrinkStep / 2) return std::min(pages * 2, kMaxShrinkPages);
  return pages;
}

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_SHRINK_H_
