// Clock::Steady() on a machine that is suspended, or whose system time is set.
//
// The linker replaces the calls of clock_gettime in clock.cc by calls of the
// simulated kernel below (BUILD.bazel).

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "appcache/clock.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Clocks that advance by a step at each read. Not thread-safe.
class SimulatedKernel {
 public:
  // Between two reads, `reads` reads from now.
  void SuspendAfter(int reads, nanoseconds time) {
    reads_until_suspension_ = reads;
    suspension_ = time;
  }
  void SetSystemTime(nanoseconds by) { wall_lead_ += by; }
  void Pass(nanoseconds time) { monotonic_ += time; }

  // The reads of the clocks that are not coarse.
  int exact_reads() const { return exact_reads_; }

  nanoseconds Read(clockid_t clock) {
    monotonic_ += nanoseconds(30);
    if (reads_until_suspension_-- == 0) {
      suspended_ += suspension_;
      wall_lead_ += suspension_;
    }
    const nanoseconds tick = monotonic_ - monotonic_ % milliseconds(4);
    if (clock == CLOCK_MONOTONIC_COARSE) return tick;
    if (clock == CLOCK_REALTIME_COARSE) return tick + wall_lead_;
    ++exact_reads_;
    if (clock == CLOCK_MONOTONIC) return monotonic_;
    if (clock == CLOCK_BOOTTIME) return monotonic_ + suspended_;
    return monotonic_ + wall_lead_;
  }

 private:
  nanoseconds monotonic_ = seconds(1000);
  nanoseconds suspended_ = seconds(5);
  nanoseconds wall_lead_ = seconds(1'700'000'000);
  int reads_until_suspension_ = -1;
  nanoseconds suspension_{0};
  int exact_reads_ = 0;
};

SimulatedKernel& Kernel() {
  static SimulatedKernel& kernel = *new SimulatedKernel();
  return kernel;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-reserved-identifier): the name that ld looks for.
extern "C" int __wrap_clock_gettime(clockid_t clock, timespec* now) {
  const nanoseconds time = Kernel().Read(clock);
  now->tv_sec = time / seconds(1);
  now->tv_nsec = time % seconds(1) / nanoseconds(1);
  return 0;
}

// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" int __wrap_clock_getres(clockid_t, timespec* period) {
  *period = {0, 4'000'000};
  return 0;
}

namespace {

class ClockSuspensionTest : public testing::Test {
 protected:
  void ExpectWithinBounds() {
    const TimePoint before = clock_->Now();
    const TimePoint approximate = clock_->Approximate();
    const TimePoint after = clock_->Now();
    EXPECT_LE(approximate, after);
    EXPECT_GE(approximate, before - milliseconds(5));
  }

  // The number of reads of clocks that are not coarse.
  int CostOfApproximate() {
    const int before = Kernel().exact_reads();
    (void)clock_->Approximate();
    return Kernel().exact_reads() - before;
  }

  // Until Approximate() is cheap, for a few calls.
  void ExpectIsCheapSoon() {
    int calls = 0;
    while (CostOfApproximate() != 0) ASSERT_LT(++calls, 5);
  }

  const std::shared_ptr<const Clock> clock_ = Clock::Steady();
};

TEST_F(ClockSuspensionTest, ASuspensionCounts) {
  ExpectIsCheapSoon();
  const TimePoint before = clock_->Approximate();
  Kernel().SuspendAfter(0, seconds(3600));
  ExpectWithinBounds();
  EXPECT_GE(clock_->Approximate(), before + seconds(3599));
  ExpectIsCheapSoon();
  ExpectWithinBounds();
}

TEST_F(ClockSuspensionTest, SettingTheSystemTimeChangesNothing) {
  ExpectIsCheapSoon();
  for (const seconds by : {seconds(3600), seconds(-7200)}) {
    Kernel().SetSystemTime(by);
    ExpectWithinBounds();
    ExpectIsCheapSoon();
    ExpectWithinBounds();
  }
}

// At every point of a call, and of a measurement.
TEST_F(ClockSuspensionTest, StaysWithinBoundsWhateverHappens) {
  RandomSource random;
  for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
    switch (random.Below(6)) {
      case 0:
        Kernel().SuspendAfter(static_cast<int>(random.Below(12)),
                              milliseconds(random.Below(100'000)));
        break;
      case 1:
        Kernel().SetSystemTime(milliseconds(random.Below(2'000)) - seconds(1));
        break;
      case 2:
        Kernel().Pass(nanoseconds(random.Below(4'000'000)));
        break;
      default:
        break;
    }
    ExpectWithinBounds();
  }
}

}  // namespace
}  // namespace appcache
