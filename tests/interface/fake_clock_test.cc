#include "appcache/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

namespace appcache::fake_clock_test {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(FakeClockTest, StartsIn2020AndStandsStill) {
  const FakeClock clock;
  EXPECT_EQ(clock.Now().time_since_epoch(), seconds(1577836800));
  EXPECT_EQ(clock.Now(), clock.Now());
}

TEST(FakeClockTest, AdvanceMovesTheTime) {
  FakeClock clock;
  const TimePoint start = clock.Now();
  clock.Advance(microseconds(1));
  EXPECT_EQ(clock.Now() - start, microseconds(1));
  clock.Advance(seconds(-2));
  EXPECT_EQ(clock.Now() - start, microseconds(1) - seconds(2));
}

// A thread that waits for a deadline or for Finish.
class Waiter {
 public:
  Waiter(const Clock& clock, TimePoint deadline)
      : thread_([this, &clock, deadline] {
          std::unique_lock<std::mutex> lock(mutex_);
          waiting_.count_down();
          clock.WaitUntil(lock, changed_, deadline, [this] { return done_; });
          EXPECT_TRUE(lock.owns_lock());
          returned_at_ = clock.Now();
        }) {
    waiting_.wait();
  }

  void Finish() {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      done_ = true;
    }
    changed_.notify_all();
  }

  // The clock's time when the wait returned.
  TimePoint Join() {
    thread_.join();
    return returned_at_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;  // guarded by mutex_
  TimePoint returned_at_;
  std::latch waiting_{1};
  std::thread thread_;
};

TEST(FakeClockTest, AWaitEndsWhenTheClockReachesTheDeadline) {
  FakeClock clock;
  const TimePoint deadline = clock.Now() + seconds(10);
  Waiter waiter(clock, deadline);
  clock.Advance(seconds(9));
  clock.Advance(seconds(1));
  EXPECT_EQ(waiter.Join(), deadline);
}

TEST(FakeClockTest, EveryWaiterIsWoken) {
  FakeClock clock;
  const TimePoint start = clock.Now();
  Waiter first(clock, start + seconds(1));
  Waiter second(clock, start + seconds(2));
  Waiter third(clock, start + seconds(2));
  clock.Advance(seconds(1));
  first.Join();
  clock.Advance(seconds(1));
  EXPECT_EQ(second.Join(), start + seconds(2));
  EXPECT_EQ(third.Join(), start + seconds(2));
}

TEST(FakeClockTest, AWaitEndsWhenItsConditionIsTrue) {
  FakeClock clock;
  const TimePoint start = clock.Now();
  Waiter waiter(clock, start + std::chrono::hours(1));
  waiter.Finish();
  EXPECT_EQ(waiter.Join(), start);
}

TEST(FakeClockTest, AWaitForAPastDeadlineReturnsAtOnce) {
  FakeClock clock;
  Waiter waiter(clock, clock.Now() - seconds(1));
  EXPECT_EQ(waiter.Join(), clock.Now());
}

// Only waits that return at once are tested with the real clocks.
TEST(RealClocksTest, DoNotWaitForATrueConditionOrAPastDeadline) {
  for (const auto& clock : {Clock::Wall(), Clock::Steady()}) {
    Waiter past(*clock, clock->Now() - seconds(1));
    past.Join();
    Waiter done(*clock, clock->Now() + std::chrono::hours(1));
    done.Finish();
    done.Join();
  }
}

TEST(RealClocksTest, WaitForTheDeadline) {
  for (const auto& clock : {Clock::Wall(), Clock::Steady()}) {
    const TimePoint deadline = clock->Now() + microseconds(200);
    Waiter waiter(*clock, deadline);
    EXPECT_GE(waiter.Join(), deadline);
  }
}

TEST(RealClocksTest, WallIsTheSystemClock) {
  const auto before = std::chrono::system_clock::now();
  const TimePoint now = Clock::Wall()->Now();
  EXPECT_GE(now + microseconds(1), before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(RealClocksTest, SteadyNeverGoesBack) {
  const auto clock = Clock::Steady();
  TimePoint last = clock->Now();
  for (int i = 0; i < 10000; ++i) {
    const TimePoint now = clock->Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(RealClocksTest, WallAndSteadyAreSingletons) {
  EXPECT_EQ(Clock::Wall(), Clock::Wall());
  EXPECT_EQ(Clock::Steady(), Clock::Steady());
  EXPECT_NE(Clock::Wall(), Clock::Steady());
}

}  // namespace
}  // namespace appcache::fake_clock_test
