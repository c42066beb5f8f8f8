// Background loads with threads.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "appcache/executor.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_background_threads_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kThreads = 64;

class GetViaBackgroundThreadsTest : public testing::Test {
 protected:
  GetViaBackgroundThreadsTest() {
    load_.ttl = seconds(10);
    load_.executor = std::make_shared<ThreadExecutor>();
  }

  CacheOptions Options() const {
    CacheOptions options;
    options.load_clock = clock_;
    return options;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::optional<MapCache> cache_{std::in_place, Options(), clock_};
  const Key<std::string> key_{"k"};
  LoadOptions load_;
};

TEST_F(GetViaBackgroundThreadsTest, ConcurrentCallersShareOneBackgroundLoad) {
  load_.hard_timeout = std::chrono::hours(1);
  std::latch all_are_ready(kThreads);
  std::atomic<int> loads{0};
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      all_are_ready.arrive_and_wait();
      right += cache_->GetVia(
                   key_,
                   [&] {
                     ++loads;
                     return "value";
                   },
                   load_) == "value";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(right, kThreads);
}

TEST_F(GetViaBackgroundThreadsTest, DuringALoadOtherCallersGetTheStaleValue) {
  load_.stale_for = seconds(5);
  load_.executor = nullptr;
  ASSERT_TRUE(cache_->Set(key_, "old", seconds(5)).ok());
  std::latch loading(1);
  std::latch released(1);
  std::thread leader([&] {
    EXPECT_EQ(cache_->GetVia(
                  key_,
                  [&] {
                    loading.count_down();
                    released.wait();
                    return "new";
                  },
                  load_),
              "new");
  });
  loading.wait();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cache_->GetVia(
                  key_, [] { return "other"; }, load_),
              "old");
  }
  EXPECT_EQ(cache_->Stats().stale_served, 3u);
  released.count_down();
  leader.join();
  EXPECT_EQ(cache_->GetVia(
                key_, [] { return "other"; }, load_),
            "new");
  EXPECT_EQ(cache_->Stats().loads, 1u);
}

TEST_F(GetViaBackgroundThreadsTest, TheDestructorWaitsForBackgroundLoads) {
  load_.refresh_ahead = seconds(2);
  ASSERT_TRUE(cache_->Set(key_, "old", seconds(2)).ok());
  std::latch loading(1);
  std::latch released(1);
  std::atomic<bool> stored{false};
  cache_->set_hook([&](MapCache::Operation operation, std::string_view) {
    if (operation == MapCache::Operation::kSet) stored = true;
    return Status();
  });
  EXPECT_EQ(cache_->GetVia(
                key_,
                [&] {
                  loading.count_down();
                  released.wait();
                  return "new";
                },
                load_),
            "old");
  loading.wait();
  std::thread releaser([&] { released.count_down(); });
  cache_.reset();
  EXPECT_TRUE(stored);
  releaser.join();
}

TEST_F(GetViaBackgroundThreadsTest, TheDestructorDoesNotWaitForADroppedLoad) {
  auto executor = std::make_shared<ThreadExecutor>(1, 1);
  std::latch running(1);
  std::latch released(1);
  ASSERT_TRUE(executor->Run([&] {
    running.count_down();
    released.wait();
  }));
  running.wait();
  load_.executor = executor;
  load_.refresh_ahead = seconds(2);
  ASSERT_TRUE(cache_->Set(key_, "old", seconds(2)).ok());
  EXPECT_EQ(cache_->GetVia(
                key_, [] { return "new"; }, load_),
            "old");
  load_.executor = nullptr;
  std::thread releaser([&] { released.count_down(); });
  executor.reset();
  releaser.join();
  // Does not wait for the job, whether it has run or was dropped.
  cache_.reset();
}

TEST_F(GetViaBackgroundThreadsTest, MixedWorkKeepsKeysApart) {
  load_.ttl = seconds(2);
  load_.stale_for = seconds(2);
  load_.refresh_ahead = seconds(1);
  load_.soft_timeout = milliseconds(0);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const int id = (i * 7 + t) % 5;
        const Key<int> key("k", id);
        if ((i + t) % 6 == 0) (void)cache_->Set(key, id, seconds(1)).ok();
        if ((i + t) % 9 == 0) (void)cache_->Invalidate(key).ok();
        if (t == 0) clock_->Advance(milliseconds(100));
        if (cache_->GetVia(
                key, [id] { return id; }, load_) != id)
          ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace appcache::get_via_background_threads_test
