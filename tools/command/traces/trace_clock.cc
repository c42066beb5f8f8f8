#include "tools/command/traces/trace_clock.h"

namespace appcache::command {

void TraceClock::MoveTo(std::chrono::milliseconds time) noexcept {
  constexpr std::chrono::milliseconds kLongest =
      std::chrono::hours(24 * 365 * 1000);
  if (!first_) {
    first_ = time;
    // Whole seconds, so that expiry times are not rounded.
    start_ = std::chrono::floor<std::chrono::seconds>(real_->Now());
    now_.store(start_, std::memory_order_relaxed);
  }
  if (time < *first_ || time - *first_ > kLongest) return;
  const TimePoint moment = start_ + (time - *first_);
  if (moment > Now()) now_.store(moment, std::memory_order_relaxed);
}

void TraceClock::WaitUntil(std::unique_lock<std::mutex>& lock,
                           std::condition_variable& changed, TimePoint deadline,
                           const std::function<bool()>& done) const {
  constexpr std::chrono::milliseconds kInterval{10};
  while (!done() && Now() < deadline) changed.wait_for(lock, kInterval);
}

}  // namespace appcache::command
