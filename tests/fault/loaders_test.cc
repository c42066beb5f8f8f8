// GetVia of eight threads through the engine: one loader per key at a time.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/support/test_scale.h"

namespace appcache::loaders_test {
namespace {

constexpr int kThreads = 8;
constexpr int kKeys = 16;

// Counts the loads of each key, and how many of one key there are at once.
class Loads {
 public:
  int Load(int key, int value) {
    if (++running_[key] > 1) overlapped_ = true;
    ++loads_[key];
    std::this_thread::yield();
    --running_[key];
    return value;
  }
  int TakeCount(int key) { return loads_[key].exchange(0); }
  bool overlapped() const { return overlapped_; }

 private:
  std::array<std::atomic<int>, kKeys> running_{};
  std::array<std::atomic<int>, kKeys> loads_{};
  std::atomic<bool> overlapped_{false};
};

// All threads ask for all keys, round after round; in each round the loaders
// make another value. `judge` is called after each, by one thread.
template <class Judge>
void LoadInRounds(SqliteCache& cache, int rounds, Loads& loads,
                  const Judge& judge) {
  std::barrier meet(kThreads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 1; round <= rounds; ++round) {
        if (thread == 0) {
          EXPECT_TRUE(cache.Clear().ok());
        }
        meet.arrive_and_wait();
        for (int i = 0; i < kKeys; ++i) {
          const int key = (thread % 2 == 0 ? i : i + thread) % kKeys;
          EXPECT_EQ(cache.GetVia(Key<int>("k", key),
                                 [&] { return loads.Load(key, round); }),
                    round);
        }
        meet.arrive_and_wait();
        if (thread == 0) judge();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(LoadersTest, EachKeyIsLoadedOnceWhoeverAsks) {
  auto cache = SqliteCache::OpenInMemory({}, "loaders");
  ASSERT_TRUE(cache.ok());
  Loads loads;
  LoadInRounds(**cache, 200 * TestScale(), loads, [&] {
    for (int key = 0; key < kKeys; ++key) EXPECT_EQ(loads.TakeCount(key), 1);
  });
  EXPECT_FALSE(loads.overlapped());
}

TEST(LoadersTest, UnderEvictionLoadsOfOneKeyDoNotOverlap) {
  SqliteCacheOptions options;
  options.max_entries = kKeys / 4;
  auto cache = SqliteCache::OpenInMemory(options, "loaders");
  ASSERT_TRUE(cache.ok());
  Loads loads;
  LoadInRounds(**cache, 100 * TestScale(), loads, [&] {
    for (int key = 0; key < kKeys; ++key) EXPECT_GE(loads.TakeCount(key), 1);
    EXPECT_LE((*cache)->Stats().entries.value_or(0), kKeys / 4u);
  });
  EXPECT_FALSE(loads.overlapped());
}

}  // namespace
}  // namespace appcache::loaders_test
