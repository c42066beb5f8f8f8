#include "appcache/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace appcache::executor_test {
namespace {

TEST(ThreadExecutorTest, RunsAcceptedJobs) {
  std::latch ran(3);
  ThreadExecutor executor(2, 8);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(executor.Run([&] { ran.count_down(); }));
  }
  ran.wait();
}

// Blocks every thread of an executor until Release.
class BlockedThreads {
 public:
  BlockedThreads(Executor& executor, int threads) : running_(threads) {
    for (int i = 0; i < threads; ++i) {
      EXPECT_TRUE(executor.Run([this] {
        running_.count_down();
        released_.wait();
      }));
    }
    running_.wait();
  }
  void Release() { released_.count_down(); }

 private:
  std::latch running_;
  std::latch released_{1};
};

TEST(ThreadExecutorTest, RefusesJobsWhenTheQueueIsFull) {
  std::latch ran(2);
  std::optional<ThreadExecutor> executor(std::in_place, 3, 2);
  BlockedThreads blocked(*executor, 3);
  EXPECT_TRUE(executor->Run([&] { ran.count_down(); }));
  EXPECT_TRUE(executor->Run([&] { ran.count_down(); }));
  EXPECT_FALSE(executor->Run([] {}));
  blocked.Release();
  ran.wait();
  executor.reset();
}

TEST(ThreadExecutorTest, TheQueueAndTheThreadsMayHaveNoLimit) {
  for (const size_t threads : {size_t{1}, size_t{4}, SIZE_MAX}) {
    std::latch released(1);
    std::latch ran(10);
    ThreadExecutor executor(threads, SIZE_MAX);
    int accepted = 0;
    for (int i = 0; i < 10; ++i) {
      accepted += executor.Run([&] {
        released.wait();
        ran.count_down();
      });
    }
    released.count_down();
    EXPECT_EQ(accepted, 10) << threads;
    if (accepted == 10) ran.wait();
  }
}

TEST(ThreadExecutorTest, AcceptsAJobAgainAfterOneIsDone) {
  ThreadExecutor executor(1, 0);
  for (int i = 0; i < 3; ++i) {
    std::latch ran(1);
    while (!executor.Run([&] { ran.count_down(); })) std::this_thread::yield();
    ran.wait();
  }
}

TEST(ThreadExecutorTest, HasAtLeastOneThread) {
  std::latch ran(1);
  ThreadExecutor executor(0, 0);
  EXPECT_TRUE(executor.Run([&] { ran.count_down(); }));
  ran.wait();
}

TEST(ThreadExecutorTest, TheDestructorDropsQueuedJobs) {
  const auto token = std::make_shared<int>(0);
  std::atomic<bool> ran{false};
  std::optional<ThreadExecutor> executor(std::in_place, 1, 1);
  BlockedThreads blocked(*executor, 1);
  EXPECT_TRUE(executor->Run([&ran, token] { ran = true; }));
  EXPECT_EQ(token.use_count(), 2);
  // Releases after the job was dropped, which is before the destructor joins.
  std::thread releaser([&] {
    while (token.use_count() > 1) std::this_thread::yield();
    blocked.Release();
  });
  executor.reset();
  releaser.join();
  EXPECT_FALSE(ran);
}

TEST(ThreadExecutorTest, AJobMayDestroyItsExecutor) {
  // The thread is detached: it must own everything that it uses.
  const auto may_destroy = std::make_shared<std::latch>(1);
  const auto destroyed = std::make_shared<std::latch>(1);
  auto executor = std::make_shared<ThreadExecutor>(1, 0);
  ThreadExecutor& same = *executor;
  EXPECT_TRUE(same.Run([=, owner = std::move(executor)]() mutable {
    may_destroy->wait();
    owner.reset();
    destroyed->count_down();
  }));
  may_destroy->count_down();
  destroyed->wait();
}

}  // namespace
}  // namespace appcache::executor_test
