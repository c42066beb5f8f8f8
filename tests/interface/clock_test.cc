// The real clocks: Clock::Wall() and Clock::Steady().

#include "appcache/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "appcache/testing/fake_clock.h"

namespace appcache::clock_test {
namespace {

using std::chrono::milliseconds;

class ClockTest : public testing::TestWithParam<bool> {
 protected:
  const Clock& clock() const { return *clock_; }

 private:
  const std::shared_ptr<const Clock> clock_ =
      GetParam() ? Clock::Wall() : Clock::Steady();
};

// What a thread sees in a series of reads.
struct Reads {
  int later = 0;      // than a Now() that follows
  int too_early = 0;  // by more than 10 ms before a Now() that precedes
  int total = 0;
};

Reads ReadFor(const Clock& clock, milliseconds time) {
  Reads reads;
  const TimePoint end = clock.Now() + time;
  for (TimePoint after = clock.Now(); after < end; ++reads.total) {
    const TimePoint before = after;
    const TimePoint approximate = clock.Approximate();
    after = clock.Now();
    if (approximate > after) ++reads.later;
    if (approximate < before - milliseconds(10)) ++reads.too_early;
  }
  return reads;
}

// Some reads may be too early, because a virtual machine can be kept from
// running: one in twenty on a busy machine.
void ExpectWithinBounds(const Reads& reads) {
  EXPECT_GT(reads.total, 0);
  EXPECT_EQ(reads.later, 0);
  EXPECT_LE(reads.too_early, reads.total / 4);
}

TEST_P(ClockTest, ApproximateIsNeverLaterThanNowAndLittleEarlier) {
  ExpectWithinBounds(ReadFor(clock(), milliseconds(300)));
}

TEST_P(ClockTest, ApproximateIsWithinBoundsInManyThreads) {
  std::vector<Reads> reads(4);
  std::vector<std::thread> threads;
  for (Reads& mine : reads) {
    threads.emplace_back([&] { mine = ReadFor(clock(), milliseconds(200)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Reads& mine : reads) ExpectWithinBounds(mine);
}

TEST_P(ClockTest, ApproximateAdvances) {
  const TimePoint start = clock().Approximate();
  while (clock().Approximate() <= start) std::this_thread::yield();
}

INSTANTIATE_TEST_SUITE_P(, ClockTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& is_wall) {
                           return is_wall.param ? "Wall" : "Steady";
                         });

TEST(FakeClockApproximateTest, IsNow) {
  FakeClock clock;
  EXPECT_EQ(clock.Approximate(), clock.Now());
  clock.Advance(std::chrono::microseconds(1));
  EXPECT_EQ(clock.Approximate(), clock.Now());
}

}  // namespace
}  // namespace appcache::clock_test
