// Threads that share a small write-behind window.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"

namespace appcache::write_window_threads_test {
namespace {

constexpr int kThreads = 8;
constexpr int kSets = 800;

// Each of them makes room that another one may take before it has looked.
TEST(WriteWindowThreadsTest, NoSetIsBusyBeforeItsTimeIsOver) {
  SqliteCacheOptions options;
  // A flush of it takes several transactions.
  options.write_behind_bytes = uint64_t{4} << 20;
  options.resident_bytes = 0;
  options.busy_timeout = std::chrono::minutes(5);
  const auto cache = Must(SqliteCache::OpenInMemory(options, "crowded"));
  const std::string value(10'000, 'v');
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kSets; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        const Status status = cache->backend()->SetRaw(key, value, kNoTtl);
        if (status.ok()) continue;
        ++failures;
        ADD_FAILURE() << status.ToString();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(*cache->Stats().entries, uint64_t{kThreads * kSets});
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

}  // namespace
}  // namespace appcache::write_window_threads_test
