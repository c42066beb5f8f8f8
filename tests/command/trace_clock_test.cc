#include "tools/command/traces/trace_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace appcache::command::trace_clock_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TraceClockTest, IsTheRealTimeUntilTheFirstRequest) {
  const TimePoint before = Clock::Steady()->Now();
  TraceClock clock;
  const TimePoint now = clock.Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, Clock::Steady()->Now());
}

TEST(TraceClockTest, MovesByTheDifferencesOfTimesAndNotBack) {
  TraceClock clock;
  clock.MoveTo(seconds(1000));
  const TimePoint start = clock.Now();
  EXPECT_EQ(clock.Now(), start) << "it stands still between requests";
  clock.MoveTo(milliseconds(1'000'250));
  EXPECT_EQ(clock.Now() - start, milliseconds(250));
  clock.MoveTo(milliseconds(1'000'100));
  EXPECT_EQ(clock.Now() - start, milliseconds(250));
  clock.MoveTo(seconds(1));
  EXPECT_EQ(clock.Now() - start, milliseconds(250));
  clock.MoveTo(seconds(2000));
  EXPECT_EQ(clock.Now() - start, seconds(1000));
}

TEST(TraceClockTest, IgnoresATimeOfAnotherMillennium) {
  TraceClock clock;
  clock.MoveTo(milliseconds(0));
  const TimePoint start = clock.Now();
  clock.MoveTo(hours(24 * 365 * 2000));
  EXPECT_EQ(clock.Now(), start);
  clock.MoveTo(milliseconds::max());
  EXPECT_EQ(clock.Now(), start);
}

TEST(TraceClockTest, AWaitEndsWhenTheTraceReachesTheDeadline) {
  TraceClock clock;
  clock.MoveTo(seconds(1));
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_lock<std::mutex> lock(mutex);
  int looks = 0;
  clock.WaitUntil(lock, changed, clock.Now() + hours(1), [&] {
    if (++looks == 3) clock.MoveTo(hours(2));
    return false;
  });
  EXPECT_EQ(looks, 3);
  clock.WaitUntil(lock, changed, clock.Now() + hours(1), [] { return true; });
}

}  // namespace
}  // namespace appcache::command::trace_clock_test
