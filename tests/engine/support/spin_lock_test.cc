// SpinLock: exclusion, also by threads that must wait for long.

#include "engine/support/spin_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace appcache::internal::spin_lock_test {
namespace {

TEST(SpinLockTest, OneThreadHoldsItAtATime) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 20'000;
  SpinLock lock;
  int count = 0;  // guarded by lock
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kIncrements; ++j) {
        const std::lock_guard<SpinLock> guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kIncrements);
}

TEST(SpinLockTest, TryLockFailsWhileItIsHeld) {
  SpinLock lock;
  ASSERT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

TEST(SpinLockTest, AThreadThatWaitsForLongGetsIt) {
  SpinLock lock;
  std::atomic<bool> has_begun{false};
  std::atomic<bool> has_it{false};
  lock.lock();
  std::thread waiter([&] {
    has_begun = true;
    const std::lock_guard<SpinLock> guard(lock);
    has_it = true;
  });
  while (!has_begun) std::this_thread::yield();
  // Long enough for the waiter to sleep.
  for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
  EXPECT_FALSE(has_it);
  lock.unlock();
  waiter.join();
  EXPECT_TRUE(has_it);
}

}  // namespace
}  // namespace appcache::internal::spin_lock_test
