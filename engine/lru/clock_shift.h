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
#include "engine/lru/limits.h"

namespace appcache::lru {

// Converts any time, also one that others have written to a file, to one that
// can be stored.
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
    using std::chrono::milliseconds;
    const milliseconds from(std::clamp<int64_t>(expires_at_ms, 1, kMaxExpiry));
    const auto shifted = std::chrono::ceil<milliseconds>(from + by_);
    return std::clamp<int64_t>(shifted.count(), 1, kMaxExpiry);
  }

  // A tick. The order of two stays the same, unless both are before 1970 or
  // after kMaxTime.
  constexpr int64_t Tick(int64_t tick) const noexcept {
    return std::clamp<int64_t>(
        std::clamp<int64_t>(tick, 0, kMaxTick) + by_.count(), 0, kMaxTick);
  }

 private:
  static constexpr int64_t kMaxTick = kMaxTime.time_since_epoch().count();
  static constexpr int64_t kMaxExpiry = kMaxTick / 1000;

  std::chrono::microseconds by_{0};
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_CLOCK_SHIFT_H_
