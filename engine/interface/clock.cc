#include "appcache/clock.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <mutex>

#include "engine/support/mutex.h"

namespace appcache {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

// The longest single wait. Limits the delay until a change of the system time
// is noticed.
constexpr seconds kLongestWait{1};

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

nanoseconds TimeOf(clockid_t clock) noexcept {
  timespec now;
  clock_gettime(clock, &now);
  return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// Whether the coarse clocks, which stand still between two timer interrupts,
// meet the bound of Approximate(), also when an interrupt is one period late. A
// resolution finer than any timer's comes from a system that emulates them with
// the other clocks; that saves nothing.
bool HasCoarseClocks() noexcept {
  timespec period;
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &period) != 0) return false;
  return period.tv_sec == 0 && period.tv_nsec >= 100'000 &&
         period.tv_nsec <= 5'000'000;
}

class WallClock final : public RealClock {
 public:
  TimePoint Now() const noexcept override {
    return std::chrono::time_point_cast<microseconds>(system_clock::now());
  }

  TimePoint Approximate() const noexcept override {
    if (!has_coarse_clocks_) return Now();
    return TimePoint(
        duration_cast<microseconds>(TimeOf(CLOCK_REALTIME_COARSE)));
  }

 private:
  const bool has_coarse_clocks_ = HasCoarseClocks();
};

// How far the wall clock is ahead of CLOCK_MONOTONIC. Constant between two
// changes of that distance, unless there is a timer interrupt between the two
// reads: then it is too long.
nanoseconds WallLead() noexcept {
  const nanoseconds monotonic = TimeOf(CLOCK_MONOTONIC_COARSE);
  return TimeOf(CLOCK_REALTIME_COARSE) - monotonic;
}

// The time since the machine was started, including the time that it was
// suspended: otherwise an entry with a ttl of a second could survive a night.
// std::chrono::steady_clock is CLOCK_MONOTONIC, which stops during suspension.
//
// CLOCK_BOOTTIME has no coarse variant. Approximate() adds the total time of
// suspension, as it was last measured, to CLOCK_MONOTONIC_COARSE. After a
// suspension, the kernel moves the wall clock and CLOCK_BOOTTIME forward in one
// step. The measurement is therefore valid while the wall clock's lead over
// CLOCK_MONOTONIC is the one for which it was made. Setting the system time
// changes the lead too, which costs one more measurement.
class SteadyClock final : public RealClock {
 public:
  TimePoint Now() const noexcept override {
    return AtBootTime(TimeOf(CLOCK_BOOTTIME));
  }

  TimePoint Approximate() const noexcept override {
    if (!has_coarse_clocks_) return Now();
    const nanoseconds monotonic = TimeOf(CLOCK_MONOTONIC_COARSE);
    const nanoseconds lead = TimeOf(CLOCK_REALTIME_COARSE) - monotonic;
    if (lead != wall_lead_.load(std::memory_order_acquire)) {
      MeasureSuspension();
      return Now();
    }
    return AtBootTime(monotonic + suspended_.load(std::memory_order_relaxed));
  }

 private:
  TimePoint AtBootTime(nanoseconds time) const noexcept {
    return anchor_ + (duration_cast<microseconds>(time) - started_);
  }

  // Does nothing while another thread measures, nor if the measurement fails:
  // then the next call measures.
  void MeasureSuspension() const noexcept {
    if (!measuring_.try_lock()) return;
    const internal::MutexLock lock(measuring_, std::adopt_lock);
    const nanoseconds lead = WallLead();
    const nanoseconds before = TimeOf(CLOCK_MONOTONIC);
    const nanoseconds boot_time = TimeOf(CLOCK_BOOTTIME);
    const nanoseconds after = TimeOf(CLOCK_MONOTONIC);
    // Too short by the time between two reads, never too long. Measured again
    // if this thread was interrupted, or the machine suspended.
    if (after - before > kLongestMeasurement || WallLead() != lead) return;
    // In this order: a thread that sees the lead sees the suspension.
    suspended_.store(boot_time - after, std::memory_order_relaxed);
    wall_lead_.store(lead, std::memory_order_release);
  }

  static constexpr microseconds kLongestMeasurement{50};

  const bool has_coarse_clocks_ = HasCoarseClocks();
  const TimePoint anchor_ =
      std::chrono::time_point_cast<microseconds>(system_clock::now());
  const microseconds started_ =
      duration_cast<microseconds>(TimeOf(CLOCK_BOOTTIME));

  // Held by the thread that measures.
  mutable internal::Mutex measuring_;
  // The lead for which suspended_ was measured; min() before the first time.
  mutable std::atomic<nanoseconds> wall_lead_{nanoseconds::min()};
  mutable std::atomic<nanoseconds> suspended_{nanoseconds(0)};
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
