// Deadline: the time by which a call must return.

#ifndef APPCACHE_ADAPTERS_NET_DEADLINE_H_
#define APPCACHE_ADAPTERS_NET_DEADLINE_H_

#include <algorithm>
#include <chrono>

namespace appcache::net {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // Also expires once the descriptor `interrupt` (interrupt.h) is readable; -1
  // means never. The descriptor must stay open while the deadline is used.
  explicit Deadline(std::chrono::nanoseconds from_now,
                    int interrupt = -1) noexcept
      : at_(Clock::now() + from_now), interrupt_(interrupt) {}

  // The earlier of this deadline and `from_now`, with the same interrupt.
  Deadline Sooner(std::chrono::nanoseconds from_now) const noexcept {
    Deadline sooner(from_now, interrupt_);
    sooner.at_ = std::min(at_, sooner.at_);
    return sooner;
  }

  Clock::time_point at() const noexcept { return at_; }
  int interrupt() const noexcept { return interrupt_; }

  // The remaining time, without regard to the interrupt. Never negative.
  std::chrono::nanoseconds Left() const noexcept {
    return std::max(std::chrono::nanoseconds(0),
                    std::chrono::nanoseconds(at_ - Clock::now()));
  }
  bool HasExpired() const noexcept { return Clock::now() >= at_; }

 private:
  Clock::time_point at_;
  int interrupt_;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_DEADLINE_H_
