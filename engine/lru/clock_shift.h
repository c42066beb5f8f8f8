// ClockShift: converts times between two clocks.
//
// A database in memory has the times of Clock::Steady(), a file those of
// Clock::Wall(). They differ by as much as the system time was set while the
// process ran.

#ifndef APPCACHE_ENGINE_LRU_CLOCK_SHIFT_H_
#define APPCACHE_ENGINE_LRU_CLOCK_SHIFT_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "appcache/clock.h"

namespace appcache::lru {

class ClockShift {
 public:
  // No difference: both are one clock.
  constexpr ClockShift() noexcept = default;
  constexpr explicit ClockShift(std::chrono::microseconds by) noexcept
      : by_(by) {}

  static ClockShift Between(const Clock& from, const Clock& to) noexcept {
    return ClockShift(to.Now() - from.Now());
  }

  // An expiry time in milliseconds, 0 for never, rounded up: never early.
  constexpr int64_t Expiry(int64_t expires_at_ms) const noexcept {
    if (expires_at_ms == 0) return 0;
    const auto shifted = std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::milliseconds(expires_at_ms) + by_);
    return std::max<int64_t>(shifted.count(), 1);
  }

  // A tick. The order of two stays the same, unless both are before 1970.
  constexpr int64_t Tick(int64_t tick) const noexcept {
    return std::max<int64_t>(tick + by_.count(), 0);
  }

 private:
  std::chrono::microseconds by_{0};
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_CLOCK_SHIFT_H_
