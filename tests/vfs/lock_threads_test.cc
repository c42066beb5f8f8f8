// Threads that race for the locks of a wal-index: an exclusive holder is alone.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::lock_threads_test {
namespace {

constexpr int kLocks = SQLITE_SHM_NLOCK;

// What a lock guards. Not atomic, so that the thread sanitizer sees a race.
struct Guarded {
  int first = 0;
  int second = 0;
};

bool Take(RawFile& file, int first, int count, int kind) {
  return file.ShmLock(first, count, SQLITE_SHM_LOCK | kind) == SQLITE_OK;
}

void Release(RawFile& file, int first, int count, int kind) {
  EXPECT_EQ(file.ShmLock(first, count, SQLITE_SHM_UNLOCK | kind), SQLITE_OK);
}

class LockThreadsTest : public testing::Test {
 protected:
  static constexpr int kThreads = 4;

  // Takes and releases random locks through an opener of its own.
  void Race(uint64_t seed, int steps) {
    RandomSource random(seed);
    RawFile file("locks");
    for (int step = 0; step < steps; ++step) {
      const int first = static_cast<int>(random.Below(kLocks));
      if (random.Below(2) == 0) {
        if (!Take(file, first, 1, SQLITE_SHM_SHARED)) continue;
        const Guarded& guarded = guarded_[first];
        if (guarded.first != guarded.second) ++wrong_;
        Release(file, first, 1, SQLITE_SHM_SHARED);
      } else {
        const int count = 1 + static_cast<int>(random.Below(kLocks - first));
        if (!Take(file, first, count, SQLITE_SHM_EXCLUSIVE)) continue;
        for (int i = first; i < first + count; ++i) ++guarded_[i].first;
        for (int i = first; i < first + count; ++i) ++guarded_[i].second;
        ++exclusive_;
        Release(file, first, count, SQLITE_SHM_EXCLUSIVE);
      }
    }
  }

  std::array<Guarded, kLocks> guarded_;
  std::atomic<int> wrong_{0};
  std::atomic<int> exclusive_{0};
};

TEST_F(LockThreadsTest, SharedAndExclusiveAreNeverHeldTogether) {
  RandomSource random;
  RawFile keeper("locks");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(
        [this, seed = random.Bits()] { Race(seed, 15'000 * TestScale()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong_, 0);
  EXPECT_GT(exclusive_, 0);
  for (const Guarded& guarded : guarded_) {
    EXPECT_EQ(guarded.first, guarded.second);
  }
  // None is left over.
  EXPECT_TRUE(Take(keeper, 0, kLocks, SQLITE_SHM_EXCLUSIVE));
}

// Two threads that take the same lock at the same moment, again and again.
class Collision {
 public:
  // Waits until both threads are here.
  void Meet() {
    const int meeting = ++arrived_;
    const int all = (meeting + 1) / 2 * 2;
    for (int spins = 0; arrived_ < all; ++spins) {
      if (spins > 1000) std::this_thread::yield();
    }
  }

  std::atomic<bool> has_shared{false};
  std::atomic<bool> has_exclusive{false};

 private:
  std::atomic<int> arrived_{0};
};

TEST(LockCollisionTest, OfTwoThatCollideAtMostOneGetsTheLock) {
  const int rounds = 50'000 * TestScale();
  RandomSource random;
  Collision collision;
  int wrong = 0;
  const auto collide = [&](RawFile& file, int kind, std::atomic<bool>& has,
                           uint64_t seed) {
    RandomSource delays(seed);
    for (int round = 0; round < rounds; ++round) {
      collision.Meet();
      for (uint64_t delay = delays.Below(200); delay > 0; --delay) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
      has = Take(file, 0, 1, kind);
      collision.Meet();
      if (kind == SQLITE_SHM_SHARED && has && collision.has_exclusive) ++wrong;
      if (has) Release(file, 0, 1, kind);
    }
  };
  RawFile reader("locks");
  RawFile writer("locks");
  // Whoever wants an exclusive lock looks at these after the reader.
  std::vector<std::unique_ptr<RawFile>> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(std::make_unique<RawFile>("locks"));
  }
  std::thread shared(collide, std::ref(reader), SQLITE_SHM_SHARED,
                     std::ref(collision.has_shared), random.Bits());
  std::thread exclusive(collide, std::ref(writer), SQLITE_SHM_EXCLUSIVE,
                        std::ref(collision.has_exclusive), random.Bits());
  shared.join();
  exclusive.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace appcache::vfs::lock_threads_test
