// A file that is removed again and again while threads use its cache.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache::moved_file_threads_test {
namespace {

TEST(MovedFileThreadsTest, NoCallFailsAndEverySetIsSeen) {
  constexpr int kThreads = 3;
  // Fewer than the tries of a call (file_engine.cc): a thread that waits for a
  // processor may meet them all in one call.
  constexpr int kRemovals = 8;
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const CapturedLog log;
  SqliteCacheOptions options;
  options.cache = log.options();
  const auto cache = Must(SqliteCache::OpenFile(file, options));
  std::atomic<bool> stops{false};
  std::atomic<uint64_t> sets{0};
  std::atomic<uint64_t> gets{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, key = std::to_string(i)] {
      while (!stops) {
        Set(*cache, key);
        ++sets;
        // A miss if the file was removed since.
        const Lookup<Bytes> found = cache->backend()->GetRaw(key);
        EXPECT_FALSE(found.has_error()) << found.status().ToString();
        ++gets;
        EXPECT_EQ(ProblemsIn(*cache), Strings());
      }
    });
  }
  for (int i = 0; i < kRemovals; ++i) {
    const uint64_t before = sets;
    EXPECT_TRUE(Await([&] { return sets > before + kThreads; }));
    std::filesystem::remove(file);
    EXPECT_TRUE(Await([&] { return std::filesystem::exists(file); }));
  }
  stops = true;
  threads.clear();
  const CacheStats stats = cache->Stats();
  EXPECT_EQ(stats.sets, sets);
  EXPECT_EQ(stats.hits + stats.misses, gets);
  EXPECT_EQ(stats.write_errors, 0u);
  EXPECT_EQ(stats.read_errors, 0u);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  for (const std::string& line : log.lines()) {
    EXPECT_NE(line.find("was removed, renamed or replaced"), std::string::npos)
        << line;
  }
}

}  // namespace
}  // namespace appcache::moved_file_threads_test
