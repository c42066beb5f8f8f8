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

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::get_many_via_threads_test {
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

// A caller that loads keys 1 and 2, blocked in its loader until Release.
class BlockedLoad {
 public:
  explicit BlockedLoad(MapCache& cache)
      : thread_([this, &cache] {
          try {
            (void)cache.GetManyVia(Keys{{1}, {2}},
                                   [this](std::span<const NumberKey> keys) {
                                     loading_.count_down();
                                     released_.wait();
                                     if (fails) throw std::out_of_range("down");
                                     return TenTimes(keys);
                                   });
          } catch (const std::out_of_range&) {
            // Expected when `fails`.
          }
        }) {
    loading_.wait();
  }
  ~BlockedLoad() { thread_.join(); }
  void Release() { released_.count_down(); }

  bool fails = false;

 private:
  std::latch loading_{1};
  std::latch released_{1};
  std::thread thread_;
};

TEST(GetManyViaThreadsTest, ABatchWaitsForKeysThatAnotherCallerLoads) {
  MapCache cache;
  BlockedLoad blocked(cache);
  const Values values =
      cache.GetManyVia(Keys{{2}, {3}}, [&](std::span<const NumberKey> keys) {
        EXPECT_EQ(keys.size(), 1u);
        // A caller loads its own keys before it waits for others.
        blocked.Release();
        return TenTimes(keys);
      });
  EXPECT_EQ(values, (Values{20, 30}));
  EXPECT_EQ(cache.Stats().loads, 2u);
  EXPECT_EQ(cache.Stats().loads_shared, 1u);
}

TEST(GetManyViaThreadsTest, GetViaWaitsForALoadOfABatch) {
  MapCache cache;
  BlockedLoad blocked(cache);
  std::thread single(
      [&] { EXPECT_EQ(cache.GetVia(NumberKey{1}, [] { return 10; }), 10); });
  blocked.Release();
  single.join();
}

TEST(GetManyViaThreadsTest, AfterMaxWaitTheLoaderIsCalledForTheRest) {
  MapCache cache;
  BlockedLoad blocked(cache);
  LoadOptions options;
  options.max_wait = std::chrono::milliseconds(0);
  std::vector<size_t> requested;
  EXPECT_EQ(cache.GetManyVia(
                Keys{{1}, {2}, {3}},
                [&](std::span<const NumberKey> keys) {
                  requested.push_back(keys.size());
                  return TenTimes(keys);
                },
                options),
            (Values{10, 20, 30}));
  EXPECT_EQ(requested, (std::vector<size_t>{1, 2}));
  blocked.Release();
}

TEST(GetManyViaThreadsTest, AnExceptionOfAnotherCallersLoaderIsPropagated) {
  MapCache cache;
  BlockedLoad blocked(cache);
  blocked.fails = true;
  EXPECT_THROW(cache.GetManyVia(Keys{{2}, {3}},
                                [&](std::span<const NumberKey> keys) {
                                  blocked.Release();
                                  return TenTimes(keys);
                                }),
               std::out_of_range);
  EXPECT_EQ(*cache.Get(NumberKey{3}), 30);
}

// Each caller leads some of the keys that the others need.
TEST(GetManyViaThreadsTest, OverlappingBatchesDoNotWaitForEachOther) {
  MapCache cache;
  constexpr int kThreads = 8;
  constexpr int kKeys = 20;
  std::atomic<int> wrong{0};
  std::array<std::atomic<int>, kKeys> loads{};
  std::latch all_are_ready(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Keys keys;
      for (int i = 0; i < kKeys; ++i) {
        keys.push_back({(t % 2 == 0 ? i : kKeys - 1 - i)});
      }
      all_are_ready.arrive_and_wait();
      const Values values =
          cache.GetManyVia(keys, [&](std::span<const NumberKey> missing) {
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
}  // namespace appcache::get_many_via_threads_test
