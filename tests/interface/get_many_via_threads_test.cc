// GetManyVia from many threads.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/cache.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

struct NumberKey {
  using value_type = int;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("n").Segment(id); }
};
using Keys = std::vector<NumberKey>;
using Values = std::vector<int>;

Values TenTimes(std::span<const NumberKey> keys) {
  Values values;
  for (const NumberKey& key : keys) values.push_back(key.id * 10);
  return values;
}

// A caller that loads keys 1 and 2, held in its loader until it is let go.
class HeldLoad {
 public:
  explicit HeldLoad(MapCache& cache)
      : thread_([this, &cache] {
          try {
            (void)cache.GetManyVia<NumberKey>(
                Keys{{1}, {2}}, [this](std::span<const NumberKey> keys) {
                  loading_.count_down();
                  let_go_.wait();
                  if (fails) throw std::out_of_range("down");
                  return TenTimes(keys);
                });
          } catch (const std::out_of_range&) {
            // As was asked for.
          }
        }) {
    loading_.wait();
  }
  ~HeldLoad() { thread_.join(); }
  void LetGo() { let_go_.count_down(); }

  bool fails = false;

 private:
  std::latch loading_{1};
  std::latch let_go_{1};
  std::thread thread_;
};

TEST(GetManyViaThreadsTest, KeysThatAnotherLoadsAreWaitedFor) {
  MapCache cache;
  HeldLoad held(cache);
  const Values values = cache.GetManyVia<NumberKey>(
      Keys{{2}, {3}}, [&](std::span<const NumberKey> keys) {
        EXPECT_EQ(keys.size(), 1u);
        // What is one's own is loaded before others are waited for.
        held.LetGo();
        return TenTimes(keys);
      });
  EXPECT_EQ(values, (Values{20, 30}));
  EXPECT_EQ(cache.Stats().loads, 2u);
  EXPECT_EQ(cache.Stats().loads_shared, 1u);
}

TEST(GetManyViaThreadsTest, GetViaWaitsForABatchToo) {
  MapCache cache;
  HeldLoad held(cache);
  std::thread single(
      [&] { EXPECT_EQ(cache.GetVia(NumberKey{1}, [] { return 10; }), 10); });
  held.LetGo();
  single.join();
}

TEST(GetManyViaThreadsTest, AfterMaxWaitTheLoaderIsCalledForTheRest) {
  MapCache cache;
  HeldLoad held(cache);
  LoadOptions options;
  options.max_wait = std::chrono::milliseconds(0);
  std::vector<size_t> asked;
  EXPECT_EQ(cache.GetManyVia<NumberKey>(
                Keys{{1}, {2}, {3}},
                [&](std::span<const NumberKey> keys) {
                  asked.push_back(keys.size());
                  return TenTimes(keys);
                },
                options),
            (Values{10, 20, 30}));
  EXPECT_EQ(asked, (std::vector<size_t>{1, 2}));
  held.LetGo();
}

TEST(GetManyViaThreadsTest, WhatAnotherLoaderThrowsComesThrough) {
  MapCache cache;
  HeldLoad held(cache);
  held.fails = true;
  EXPECT_THROW(
      cache.GetManyVia<NumberKey>(Keys{{2}, {3}},
                                  [&](std::span<const NumberKey> keys) {
                                    held.LetGo();
                                    return TenTimes(keys);
                                  }),
      std::out_of_range);
  EXPECT_EQ(*cache.Get(NumberKey{3}), 30);
}

// Each leads some of what the others want.
TEST(GetManyViaThreadsTest, OverlappingBatchesDoNotWaitForEachOther) {
  MapCache cache;
  constexpr int kThreads = 8;
  constexpr int kKeys = 20;
  std::atomic<int> wrong{0};
  std::array<std::atomic<int>, kKeys> loads{};
  std::latch all_are_there(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Keys keys;
      for (int i = 0; i < kKeys; ++i) {
        keys.push_back({(t % 2 == 0 ? i : kKeys - 1 - i)});
      }
      all_are_there.arrive_and_wait();
      const Values values = cache.GetManyVia<NumberKey>(
          keys, [&](std::span<const NumberKey> missing) {
            for (const NumberKey& key : missing) ++loads[key.id];
            return TenTimes(missing);
          });
      if (values != TenTimes(keys)) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  for (const auto& count : loads) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace appcache
