// SharedResult: one thread sets a value, others wait for it.

#include "engine/support/shared_result.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/clock.h"
#include "appcache/testing/fake_clock.h"

namespace appcache::internal::shared_result_test {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds kLong = std::chrono::minutes(10);

TEST(SharedResultTest, IsNullUntilItIsSet) {
  SharedResult<std::string> result;
  EXPECT_EQ(result.Get(), nullptr);
  result.Set("value");
  ASSERT_NE(result.Get(), nullptr);
  EXPECT_EQ(*result.Get(), "value");
}

TEST(SharedResultTest, AWaitForAValueThatIsSetReturnsAtOnce) {
  SharedResult<std::string> result;
  result.Set("value");
  const FakeClock clock;
  EXPECT_EQ(result.WaitFor(clock, milliseconds(0)), result.Get());
  EXPECT_EQ(result.WaitFor(clock, kLong), result.Get());
  EXPECT_EQ(result.WaitUntil(SteadyTime::min()), result.Get());
}

TEST(SharedResultTest, AWaitEndsAtItsDeadline) {
  const SharedResult<int> result;
  const FakeClock clock;
  EXPECT_EQ(result.WaitFor(clock, milliseconds(0)), nullptr);
  EXPECT_EQ(result.WaitFor(clock, milliseconds(-1)), nullptr);
  EXPECT_EQ(result.WaitFor(clock, milliseconds::min()), nullptr);
  EXPECT_EQ(result.WaitUntil(std::chrono::steady_clock::now()), nullptr);
  EXPECT_EQ(result.WaitFor(*Clock::Steady(), milliseconds(1)), nullptr);
}

TEST(SharedResultTest, AWaitEndsWhenItsClockReachesTheDeadline) {
  const SharedResult<int> result;
  FakeClock clock;
  std::atomic<bool> has_ended{false};
  std::thread waiting([&] {
    const TimePoint begin = clock.Now();
    EXPECT_EQ(result.WaitFor(clock, milliseconds(100)), nullptr);
    EXPECT_GE(clock.Now(), begin + milliseconds(100));
    has_ended = true;
  });
  while (!has_ended) {
    clock.Advance(milliseconds(10));
    std::this_thread::yield();
  }
  waiting.join();
}

TEST(SharedResultTest, EveryWaitingThreadGetsTheValue) {
  constexpr int kThreads = 8;
  SharedResult<std::string> result;
  std::latch begun(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      begun.count_down();
      const std::string* const value =
          i % 2 == 0
              // milliseconds::max() is how one writes "as long as it takes".
              ? result.WaitFor(*Clock::Steady(), milliseconds::max())
              : result.WaitUntil(std::chrono::steady_clock::now() + kLong);
      ASSERT_NE(value, nullptr);
      EXPECT_EQ(*value, "value");
    });
  }
  begun.wait();
  result.Set("value");
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedResultTest, AValueNeedNotBeCopyable) {
  SharedResult<std::unique_ptr<int>> result;
  result.Set(std::make_unique<int>(7));
  EXPECT_EQ(**result.Get(), 7);
}

}  // namespace
}  // namespace appcache::internal::shared_result_test
