// Deadline: when a call has to be over, whatever it waits for.

#ifndef APPCACHE_ADAPTERS_NET_DEADLINE_H_
#define APPCACHE_ADAPTERS_NET_DEADLINE_H_

#include <algorithm>
#include <chrono>

namespace appcache::net {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(std::chrono::nanoseconds from_now) noexcept
      : at_(Clock::now() + from_now) {}

  // This one, or `from_now` if that is sooner.
  Deadline Sooner(std::chrono::nanoseconds from_now) const noexcept {
    Deadline sooner(from_now);
    sooner.at_ = std::min(at_, sooner.at_);
    return sooner;
  }

  Clock::time_point at() const noexcept { return at_; }
  // Never below zero.
  std::chrono::nanoseconds Left() const noexcept {
    return std::max(std::chrono::nanoseconds(0),
                    std::chrono::nanoseconds(at_ - Clock::now()));
  }

 private:
  Clock::time_point at_;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_DEADLINE_H_
