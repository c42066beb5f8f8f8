#include "engine/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace appcache {
namespace {

TEST(ThreadExecutorTest, RunsWhatItAccepts) {
  std::latch ran(3);
  ThreadExecutor executor(2, 8);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(executor.Run([&] { ran.count_down(); }));
  }
  ran.wait();
}

// Holds every thread of an executor until it is let go.
class Held {
 public:
  Held(Executor& executor, int threads) : running_(threads) {
    for (int i = 0; i < threads; ++i) {
      EXPECT_TRUE(executor.Run([this] {
        running_.count_down();
        let_go_.wait();
      }));
    }
    running_.wait();
  }
  void LetGo() { let_go_.count_down(); }

 private:
  std::latch running_;
  std::latch let_go_{1};
};

TEST(ThreadExecutorTest, RefusesWhatItHasNoRoomFor) {
  std::latch ran(2);
  std::optional<ThreadExecutor> executor(std::in_place, 3, 2);
  Held held(*executor, 3);
  EXPECT_TRUE(executor->Run([&] { ran.count_down(); }));
  EXPECT_TRUE(executor->Run([&] { ran.count_down(); }));
  EXPECT_FALSE(executor->Run([] {}));
  held.LetGo();
  ran.wait();
  executor.reset();
}

TEST(ThreadExecutorTest, HasRoomAgainWhenAJobIsDone) {
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

TEST(ThreadExecutorTest, DropsAtItsEndWhatWaits) {
  const auto token = std::make_shared<int>(0);
  std::atomic<bool> ran{false};
  std::optional<ThreadExecutor> executor(std::in_place, 1, 1);
  Held held(*executor, 1);
  EXPECT_TRUE(executor->Run([&ran, token] { ran = true; }));
  EXPECT_EQ(token.use_count(), 2);
  // Let go when it was dropped, which is before the destructor joins.
  std::thread letting_go([&] {
    while (token.use_count() > 1) std::this_thread::yield();
    held.LetGo();
  });
  executor.reset();
  letting_go.join();
  EXPECT_FALSE(ran);
}

TEST(ThreadExecutorTest, AJobMayEndItsExecutor) {
  // The thread is nobody's any more: what it uses has to be its own.
  const auto may_end = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  auto executor = std::make_shared<ThreadExecutor>(1, 0);
  ThreadExecutor& same = *executor;
  EXPECT_TRUE(same.Run([=, owner = std::move(executor)]() mutable {
    may_end->wait();
    owner.reset();
    ended->count_down();
  }));
  may_end->count_down();
  ended->wait();
}

}  // namespace
}  // namespace appcache
