// Loaders that need each other fail at once. Threads meet at latches; a test
// whose loaders waited for each other would take an hour.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <latch>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "appcache/cache.h"
#include "appcache/executor.h"
#include "engine/loading/wait_graph.h"
#include "tests/support/map_cache.h"

namespace appcache::load_cycle_test {
namespace {

using internal::WaitGraph;
using NumberKey = Key<int>;

LoadOptions WaitLong() {
  LoadOptions options;
  options.max_wait = std::chrono::hours(1);
  return options;
}

class LoadCycleTest : public testing::Test {
 protected:
  using Function = std::function<int()>;

  // "cycle" when the function throws LoadCycle.
  std::string ResultOf(const Function& function) {
    try {
      return std::to_string(function());
    } catch (const LoadCycle&) {
      const std::lock_guard<std::mutex> guard(mutex_);
      exceptions_.push_back(std::current_exception());
      return "cycle";
    }
  }

  // Runs each function in a thread of its own, and returns their results.
  std::vector<std::string> RunAll(const std::vector<Function>& functions) {
    std::vector<std::string> results(functions.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < functions.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = ResultOf(functions[i]); });
    }
    for (std::thread& thread : threads) thread.join();
    return results;
  }

  // Loads `key`. Its loader asks for `needed` once all threads are in theirs.
  int Load(Cache& cache, int key, Cache& needed_in, int needed,
           std::latch& all_load) {
    return cache.GetVia(
        NumberKey("k", key),
        [&] {
          all_load.arrive_and_wait();
          return needed_in.GetVia(
              NumberKey("k", needed), [] { return 7; }, WaitLong());
        },
        WaitLong());
  }

  std::mutex mutex_;
  // Kept until all threads have ended: one exception may be shared by several.
  std::vector<std::exception_ptr> exceptions_;
  MapCache cache_;
};

using Strings = std::vector<std::string>;

TEST_F(LoadCycleTest, TwoLoadersThatNeedEachOtherFail) {
  std::latch all_load(2);
  EXPECT_EQ(RunAll({[&] { return Load(cache_, 1, cache_, 2, all_load); },
                    [&] { return Load(cache_, 2, cache_, 1, all_load); }}),
            (Strings{"cycle", "cycle"}));
  EXPECT_EQ(cache_.size(), 0u);
  // The keys can be loaded afterwards.
  EXPECT_EQ(cache_.GetVia(NumberKey("k", 1), [] { return 5; }), 5);
}

TEST_F(LoadCycleTest, ThreeLoadersOfTwoCachesThatNeedEachOtherFail) {
  MapCache other;
  std::latch all_load(3);
  EXPECT_EQ(RunAll({[&] { return Load(cache_, 1, other, 2, all_load); },
                    [&] { return Load(other, 2, cache_, 3, all_load); },
                    [&] { return Load(cache_, 3, cache_, 1, all_load); }}),
            (Strings{"cycle", "cycle", "cycle"}));
}

TEST_F(LoadCycleTest, LoadersInALineSucceed) {
  std::latch all_load(3);
  EXPECT_EQ(RunAll({[&] { return Load(cache_, 1, cache_, 2, all_load); },
                    [&] { return Load(cache_, 2, cache_, 3, all_load); },
                    [&] { return Load(cache_, 3, cache_, 4, all_load); }}),
            (Strings{"7", "7", "7"}));
}

TEST_F(LoadCycleTest, BatchesThatNeedEachOtherFail) {
  std::latch all_load(2);
  const auto load = [&](int key, int needed) {
    const auto loader = [&](std::span<const NumberKey>) {
      all_load.arrive_and_wait();
      const auto nothing = [](std::span<const NumberKey>) {
        return std::vector<int>{7};
      };
      return cache_.GetManyVia(std::vector{NumberKey("k", needed)}, nothing,
                               WaitLong());
    };
    return cache_
        .GetManyVia(std::vector{NumberKey("k", key)}, loader, WaitLong())
        .front();
  };
  EXPECT_EQ(RunAll({[&] { return load(1, 2); }, [&] { return load(2, 1); }}),
            (Strings{"cycle", "cycle"}));
}

TEST_F(LoadCycleTest, ALoaderInTheBackgroundFailsToo) {
  LoadOptions background = WaitLong();
  background.executor = std::make_shared<ThreadExecutor>(2);
  background.hard_timeout = std::chrono::hours(1);
  std::latch all_load(2);
  const auto load = [&](int key, int needed) {
    return cache_.GetVia(
        NumberKey("k", key),
        [this, needed, &all_load] {
          all_load.arrive_and_wait();
          return cache_.GetVia(
              NumberKey("k", needed), [] { return 7; }, WaitLong());
        },
        background);
  };
  EXPECT_EQ(RunAll({[&] { return load(1, 2); }, [&] { return load(2, 1); }}),
            (Strings{"cycle", "cycle"}));
}

TEST_F(LoadCycleTest, ALoaderThatAsksForItsOwnKeyWithoutEndFails) {
  int calls = 0;
  std::function<int()> loader = [&]() -> int {
    if (++calls > 100) return -1;  // a stack overflow would end the test
    return cache_.GetVia(NumberKey("k", 1), loader);
  };
  EXPECT_EQ(ResultOf(loader), "cycle");
  // Through another key, and in a batch.
  calls = 0;
  std::function<int()> through = [&]() -> int {
    if (++calls > 100) return -1;
    return cache_.GetVia(NumberKey("k", 1), [&] {
      return cache_
          .GetManyVia(std::vector{NumberKey("k", 2)},
                      [&](std::span<const NumberKey>) {
                        return std::vector{through()};
                      })
          .front();
    });
  };
  EXPECT_EQ(ResultOf(through), "cycle");
}

TEST_F(LoadCycleTest, ALoaderMayAskForItsOwnKeyAgainAndAgain) {
  const auto inner = [&] {
    return cache_.GetVia(NumberKey("k", 1), [] { return 7; });
  };
  EXPECT_EQ(cache_.GetVia(NumberKey("k", 1), [&] { return inner() + inner(); }),
            14);
}

TEST_F(LoadCycleTest, ALoaderMayAskForItsOwnKeyTwiceInABatch) {
  const auto inner = [&] {
    return cache_.GetManyVia({NumberKey("k", 1), NumberKey("k", 1)},
                             [](std::span<const NumberKey> keys) {
                               return std::vector<int>(keys.size(), 7);
                             });
  };
  EXPECT_EQ(cache_.GetVia(NumberKey("k", 1),
                          [&] {
                            const std::vector<int> values = inner();
                            return values[0] + values[1];
                          }),
            14);
}

TEST_F(LoadCycleTest, ACallerThatDoesNotWaitLoadsForItself) {
  LoadOptions no_wait;
  no_wait.max_wait = std::chrono::milliseconds(0);
  std::latch all_load(2);
  const auto load = [&](int key, int needed) {
    return cache_.GetVia(NumberKey("k", key), [&, needed] {
      all_load.arrive_and_wait();
      return cache_.GetVia(
          NumberKey("k", needed), [] { return 7; }, no_wait);
    });
  };
  EXPECT_EQ(RunAll({[&] { return load(1, 2); }, [&] { return load(2, 1); }}),
            (Strings{"7", "7"}));
}

// A thread that has its result but has not woken yet still counts as waiting.
TEST(WaitGraphTest, ALoadWithAResultIsNotWaitedFor) {
  WaitGraph::Load finished;  // of this thread
  WaitGraph::Load theirs;
  std::latch waits(1);
  std::latch looked(1);
  std::thread thread([&] {
    theirs.SetThread(std::this_thread::get_id());
    const WaitGraph::Wait wait(finished);
    waits.count_down();
    looked.wait();
  });
  waits.wait();
  EXPECT_TRUE(WaitGraph::Wait(theirs).closes_cycle());
  finished.SetThread(std::thread::id());
  EXPECT_FALSE(WaitGraph::Wait(theirs).closes_cycle());
  looked.count_down();
  thread.join();
}

// An executor may run a job in a thread that waits for the job.
TEST(WaitGraphTest, AThreadThatWaitsForItselfDoesNotStopTheSearch) {
  WaitGraph::Load theirs;
  std::latch waits(1);
  std::latch looked(1);
  std::thread thread([&] {
    theirs.SetThread(std::thread::id());
    const WaitGraph::Wait wait(theirs);
    theirs.SetThread(std::this_thread::get_id());
    waits.count_down();
    looked.wait();
  });
  waits.wait();
  EXPECT_FALSE(WaitGraph::Wait(theirs).closes_cycle());
  looked.count_down();
  thread.join();
}

}  // namespace
}  // namespace appcache::load_cycle_test
