// FairLock: one at a time, and nobody is kept out.

#include "engine/support/fair_lock.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/lru/flush_turn.h"
#include "tests/support/await.h"

namespace appcache::fair_lock_test {
namespace {

using internal::FairLock;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// So that the lock is transferred to those who wait.
void SpinForTwoMilliseconds() {
  const auto end = steady_clock::now() + milliseconds(2);
  while (steady_clock::now() < end) std::this_thread::yield();
}

// Acquires the lock in a thread that says when it waits.
class Waiting {
 public:
  Waiting(FairLock& lock, std::function<void()> then)
      : thread_([this, &lock, then = std::move(then)] {
          const auto deadline = steady_clock::now() + kPatience;
          acquired_ = lock.AcquireUntil(deadline, [this] {
            ++asked_;
            return gives_up_.load();
          });
          EXPECT_LT(steady_clock::now(), deadline) << "it was not notified";
          if (!acquired_) return;
          then();
          lock.Release();
        }) {
    // At once, so that it has not waited for a millisecond.
    const auto deadline = steady_clock::now() + kPatience;
    while (asked_ == 0 && steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_GT(asked_, 0);
  }

  // At the next notification.
  void GiveUp() { gives_up_ = true; }
  // Whether it had the lock, after its end.
  bool Acquired() {
    thread_.join();
    return acquired_;
  }

 private:
  std::atomic<int> asked_{0};
  std::atomic<bool> gives_up_{false};
  bool acquired_ = false;
  std::jthread thread_;
};

TEST(FairLockTest, OneThreadAtATimeHoldsIt) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  FairLock lock;
  int count = 0;  // guarded by `lock`
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          lock.Acquire();
          ++count;
          lock.Release();
        }
      });
    }
  }
  EXPECT_EQ(count, kThreads * kRounds);
}

TEST(FairLockTest, AFreeOneIsAcquiredAfterTheDeadline) {
  FairLock lock;
  const auto past = steady_clock::now() - milliseconds(1);
  EXPECT_TRUE(lock.AcquireUntil(past));
  EXPECT_FALSE(lock.AcquireUntil(past));
  lock.Release();
  EXPECT_TRUE(lock.AcquireUntil(past));
  lock.Release();
}

TEST(FairLockTest, OnlyAThreadThatHasToWaitGivesUp) {
  FairLock lock;
  const auto deadline = steady_clock::now() + kPatience;
  EXPECT_TRUE(lock.AcquireUntil(deadline, [] { return true; }));
  EXPECT_FALSE(lock.AcquireUntil(deadline, [] { return true; }));
  EXPECT_LT(steady_clock::now(), deadline);
  lock.Release();
}

TEST(FairLockTest, AWaitEndsAtTheDeadline) {
  FairLock lock;
  lock.Acquire();
  const auto deadline = steady_clock::now() + milliseconds(20);
  EXPECT_FALSE(lock.AcquireUntil(deadline));
  EXPECT_GE(steady_clock::now(), deadline);
  lock.Release();
}

TEST(FairLockTest, ThoseThatWaitAskAgainWhenTheyAreWoken) {
  FairLock lock;
  lock.Acquire();
  Waiting first(lock, [] {});
  Waiting second(lock, [] {});
  first.GiveUp();
  second.GiveUp();
  lock.WakeWaiters();
  EXPECT_FALSE(first.Acquired());
  EXPECT_FALSE(second.Acquired());
  lock.Release();
}

// The first waiter is notified that the lock is free, and gives up. It notifies
// the next one, unless the lock was transferred to it.
TEST(FairLockTest, AThreadThatGivesUpLeavesTheOthersTheirTurn) {
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    FairLock lock;
    lock.Acquire();
    Waiting first(lock, [] {});
    Waiting second(lock, [] {});
    first.GiveUp();
    lock.Release();
    EXPECT_TRUE(second.Acquired());
  }
}

// A thread that comes back at once does not keep others out.
TEST(FairLockTest, AThreadThatHasWaitedForAMillisecondIsNext) {
  FairLock lock;
  lock.Acquire();
  std::atomic<bool> had_it{false};
  Waiting other(lock, [&] { had_it = true; });
  SpinForTwoMilliseconds();
  lock.Release();
  lock.Acquire();
  EXPECT_TRUE(had_it);
  lock.Release();
}

TEST(FlushTurnTest, AThreadThatHasWaitedForAMillisecondIsNext) {
  lru::FlushTurn turn;
  turn.lock();
  std::atomic<bool> waits{false};
  std::atomic<bool> had_it{false};
  std::jthread other([&] {
    EXPECT_TRUE(turn.TryLockUntil(steady_clock::now() + kPatience, [&] {
      waits = true;
      return false;
    }));
    had_it = true;
    turn.unlock();
  });
  EXPECT_TRUE(Await([&] { return waits.load(); }));
  SpinForTwoMilliseconds();
  turn.unlock();
  turn.lock();
  EXPECT_TRUE(had_it);
  turn.unlock();
}

// Without NoteProgress, and although the turn goes to another thread: the room
// may have come from elsewhere.
TEST(FlushTurnTest, AThreadThatIsSatisfiedStopsWaitingWhenItIsUnlocked) {
  lru::FlushTurn turn;
  turn.lock();
  std::atomic<bool> is_satisfied{false};
  std::array<std::atomic<bool>, 2> waits{};
  std::atomic<bool> has_stopped{false};
  std::jthread next([&] {
    EXPECT_TRUE(turn.TryLockUntil(steady_clock::now() + 2 * kPatience, [&] {
      waits[0] = true;
      return false;
    }));
    EXPECT_TRUE(Await([&] { return has_stopped.load(); }));
    turn.unlock();
  });
  EXPECT_TRUE(Await([&] { return waits[0].load(); }));
  std::jthread satisfied([&] {
    EXPECT_FALSE(turn.TryLockUntil(steady_clock::now() + 2 * kPatience, [&] {
      waits[1] = true;
      return is_satisfied.load();
    }));
    has_stopped = true;
  });
  EXPECT_TRUE(Await([&] { return waits[1].load(); }));
  SpinForTwoMilliseconds();
  is_satisfied = true;
  turn.unlock();
}

// Each wait starts when the one before is in the queue. The last has waited for
// 2 ms when the lock is released.
TEST(FairLockTest, WaitersGetItInTheirOrder) {
  FairLock lock;
  lock.Acquire();
  std::vector<int> order;  // guarded by `lock`
  const auto note = [&order](int number) {
    return [&order, number] {
      order.push_back(number);
      SpinForTwoMilliseconds();
    };
  };
  Waiting first(lock, note(1));
  Waiting second(lock, note(2));
  Waiting third(lock, note(3));
  Waiting fourth(lock, note(4));
  SpinForTwoMilliseconds();
  lock.Release();
  for (Waiting* const each : {&first, &second, &third, &fourth}) {
    EXPECT_TRUE(each->Acquired());
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace appcache::fair_lock_test
