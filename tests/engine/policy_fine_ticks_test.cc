// FineTicks: ticks have the order of the accesses, also across threads.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "appcache/clock.h"
#include "appcache/testing/fake_clock.h"
#include "engine/policy/fine_ticks.h"
#include "tests/support/test_scale.h"

namespace appcache::policy::policy_fine_ticks_test {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// How often two threads alternate.
int Rounds() { return 20'000 * TestScale(); }

int64_t MicrosOf(TimePoint time) { return time.time_since_epoch().count(); }
int64_t MicrosOf(int year) {
  return MicrosOf(
      TimePoint(std::chrono::sys_days(std::chrono::year(year) / 1 / 1)));
}

// Of the real clocks, and of a clock of the caller.
class FineTicksTest : public testing::TestWithParam<std::string> {
 protected:
  static std::shared_ptr<const Clock> MakeClock() {
    if (GetParam() == "Steady") return Clock::Steady();
    if (GetParam() == "Wall") return Clock::Wall();
    return std::make_shared<FakeClock>();
  }

  const std::shared_ptr<const Clock> clock_ = MakeClock();
  FineTicks ticks_{*clock_};
};

INSTANTIATE_TEST_SUITE_P(Clocks, FineTicksTest,
                         testing::Values("Steady", "Wall", "Fake"),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST_P(FineTicksTest, ATicksOfAThreadIncrease) {
  int64_t last = ticks_.Next();
  for (int i = 0; i < 200'000; ++i) {
    const int64_t next = ticks_.Next();
    ASSERT_GT(next, last);
    last = next;
  }
}

// Two threads take ticks in turn: each takes one after it has seen that the
// other has taken its own.
TEST_P(FineTicksTest, AnAccessThatReturnedBeforeAnotherBeganHasTheSmallerTick) {
  const int rounds = 2 * Rounds();
  std::vector<int64_t> taken(rounds);
  std::atomic<int> turn{0};
  const auto run = [&](int parity) {
    for (int i = parity; i < rounds; i += 2) {
      for (int spins = 0; turn.load(std::memory_order_acquire) != i; ++spins) {
        if (spins > 2000) std::this_thread::yield();
      }
      taken[i] = ticks_.Next();
      turn.store(i + 1, std::memory_order_release);
    }
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  int wrong = 0;
  for (int i = 1; i < rounds; ++i) wrong += taken[i] <= taken[i - 1] ? 1 : 0;
  EXPECT_EQ(wrong, 0) << "of " << rounds;
}

TEST_P(FineTicksTest, ATicksTimeIsThatOfTheClock) {
  const int64_t before = MicrosOf(clock_->Now());
  const int64_t time = ticks_.ToMicros(ticks_.Next());
  const int64_t after = MicrosOf(clock_->Now());
  EXPECT_GE(time, before - 1000);
  EXPECT_LE(time, after + 1000);
}

TEST_P(FineTicksTest, ATickOfThePastIsSmallerThanTheNext) {
  const int64_t now = MicrosOf(clock_->Now());
  EXPECT_LT(ticks_.FromMicros(now - 10'000), ticks_.Next());
  EXPECT_LT(ticks_.FromMicros(MicrosOf(1970)), ticks_.FromMicros(now - 10'000));
}

// Times that people restore.
std::vector<int64_t> Times(int64_t now) {
  std::set<int64_t> times;
  for (int year = 1970; year <= 9999; year += 7) times.insert(MicrosOf(year));
  for (const int64_t base : {int64_t{0}, now, MicrosOf(9999)}) {
    for (int64_t distance = 1; distance < 100'000'000'000; distance *= 7) {
      times.insert(base + distance);
      if (base > 0) times.insert(base - distance);
    }
  }
  return {times.begin(), times.end()};
}

TEST_P(FineTicksTest, FromMicrosAndToMicrosKeepTheOrder) {
  const std::vector<int64_t> times = Times(MicrosOf(clock_->Now()));
  for (size_t i = 1; i < times.size(); ++i) {
    const int64_t earlier = ticks_.FromMicros(times[i - 1]);
    const int64_t later = ticks_.FromMicros(times[i]);
    ASSERT_LE(earlier, later) << times[i];
    ASSERT_LE(ticks_.ToMicros(earlier), ticks_.ToMicros(later)) << times[i];
  }
}

// Where a tick can be that far away: within a century.
TEST_P(FineTicksTest, ATimeBecomesATickAndTheSameTimeAgain) {
  const int64_t now = MicrosOf(clock_->Now());
  for (const int64_t time : Times(now)) {
    if (time > now + MicrosOf(2070)) break;
    const int64_t again = ticks_.ToMicros(ticks_.FromMicros(time));
    ASSERT_GE(again, time);
    ASSERT_LE(again, time + 1) << time;
  }
}

TEST_P(FineTicksTest, ALaterTimeBecomesATickThatIsAtLeastACenturyAway) {
  const int64_t now = MicrosOf(clock_->Now());
  const int64_t again = ticks_.ToMicros(ticks_.FromMicros(MicrosOf(9999)));
  EXPECT_GE(again, now + MicrosOf(2070));
  EXPECT_LE(again, MicrosOf(9999));
}

// --- A clock of the caller.

class FakeTicksTest : public testing::Test {
 protected:
  FakeClock clock_;
  FineTicks ticks_{clock_};
};

TEST_F(FakeTicksTest, TicksAreMicroseconds) {
  EXPECT_FALSE(ticks_.uses_counter());
  EXPECT_EQ(ticks_.Next(), MicrosOf(clock_.Now()));
  clock_.Advance(seconds(1));
  EXPECT_EQ(ticks_.Next(), MicrosOf(clock_.Now()));
  EXPECT_EQ(ticks_.ToMicros(17), 17);
  EXPECT_EQ(ticks_.FromMicros(17), 17);
}

TEST_F(FakeTicksTest, TicksAreDistinctWhileTheClockStands) {
  const int64_t now = MicrosOf(clock_.Now());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ticks_.Next(), now + i);
}

TEST_F(FakeTicksTest, TicksIncreaseWhenTheClockIsSetBack) {
  const int64_t last = ticks_.Next();
  clock_.Advance(-seconds(100));
  EXPECT_EQ(ticks_.Next(), last + 1);
}

TEST_F(FakeTicksTest, AdvancePastMakesLaterTicksLarger) {
  const int64_t future = MicrosOf(clock_.Now()) + 1'000'000;
  ticks_.AdvancePast(future);
  EXPECT_EQ(ticks_.Next(), future + 1);
  ticks_.AdvancePast(future - 10);
  EXPECT_EQ(ticks_.Next(), future + 2);
}

// Not for times of the future: the counter cannot be moved.
TEST(FineTicksCounterTest, AdvancePastDoesNotMoveTheCounter) {
  FineTicks ticks(*Clock::Steady());
  if (!ticks.uses_counter()) GTEST_SKIP() << "no invariant counter here";
  const int64_t future = MicrosOf(Clock::Steady()->Now()) + 3'600'000'000;
  ticks.AdvancePast(future);
  EXPECT_LT(ticks.Next(), ticks.FromMicros(future));
}

}  // namespace
}  // namespace appcache::policy::policy_fine_ticks_test
