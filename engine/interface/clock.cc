#include "appcache/clock.h"

#include <time.h>

#include <algorithm>
#include <cassert>
#include <chrono>

namespace appcache {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::system_clock;

// The longest single wait. Limits the delay until a change of the system time
// is noticed.
constexpr std::chrono::seconds kLongestWait{1};

class RealClock : public Clock {
 public:
  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    assert(lock.owns_lock());
    while (!done()) {
      const auto remaining = deadline - Now();
      if (remaining <= microseconds(0)) return;
      changed.wait_for(lock, std::min<microseconds>(remaining, kLongestWait));
    }
  }
};

class WallClock final : public RealClock {
 public:
  TimePoint Now() const noexcept override {
    return std::chrono::time_point_cast<microseconds>(system_clock::now());
  }
};

// The time since the machine was started, including the time that it was
// suspended: otherwise an entry with a ttl of a second could survive a night.
// std::chrono::steady_clock is CLOCK_MONOTONIC, which stops during suspension.
microseconds SinceBoot() noexcept {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) +
         duration_cast<microseconds>(std::chrono::nanoseconds(now.tv_nsec));
}

class SteadyClock final : public RealClock {
 public:
  TimePoint Now() const noexcept override {
    return anchor_ + (SinceBoot() - started_);
  }

 private:
  const TimePoint anchor_ =
      std::chrono::time_point_cast<microseconds>(system_clock::now());
  const microseconds started_ = SinceBoot();
};

}  // namespace

std::shared_ptr<const Clock> Clock::Wall() {
  static const auto& clock =
      *new std::shared_ptr<const Clock>(std::make_shared<WallClock>());
  return clock;
}

std::shared_ptr<const Clock> Clock::Steady() {
  static const auto& clock =
      *new std::shared_ptr<const Clock>(std::make_shared<SteadyClock>());
  return clock;
}

}  // namespace appcache
