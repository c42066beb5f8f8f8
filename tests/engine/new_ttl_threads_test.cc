// A new ttl beside sets of the same key, by other threads.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/support/temp_dir.h"

namespace appcache::new_ttl_threads_test {
namespace {

constexpr int kSets = 400;

// While other threads change the ttl of a key, its only writer reads what it
// has set: a new ttl never brings back an older value.
void ExpectNoOldValue(SqliteCache& cache, const std::string& filler) {
  Backend& backend = *cache.backend();
  ASSERT_TRUE(backend.SetRaw("key", "0", kNoTtl).ok());
  std::atomic<bool> is_done{false};
  const auto change = [&] {
    while (!is_done) {
      for (const Ttl ttl : {kNoTtl, Ttl(std::chrono::hours(1))}) {
        const Result<bool> found = backend.SetTtlRaw("key", ttl);
        EXPECT_TRUE(found.ok()) << found.status().ToString();
        EXPECT_TRUE(found.ok() && *found);
      }
    }
  };
  std::thread first(change);
  std::thread second(change);
  for (int i = 0; i < kSets; ++i) {
    const std::string value = filler + std::to_string(i);
    EXPECT_TRUE(backend.SetRaw("key", value, kNoTtl).ok());
    const Lookup<Bytes> found = backend.GetRaw("key");
    EXPECT_TRUE(found && found->view() == value) << i;
  }
  is_done = true;
  first.join();
  second.join();
  EXPECT_EQ(ProblemsIn(cache), Strings());
}

TEST(NewTtlThreadsTest, InAFileItKeepsTheLastValue) {
  const TempDir dir;
  const auto cache = Must(SqliteCache::OpenFile(dir.path() + "/cache.db"));
  ExpectNoOldValue(*cache, "");
}

TEST(NewTtlThreadsTest, InMemoryItKeepsTheLastValue) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "new_ttl"));
  ExpectNoOldValue(*cache, "");
}

TEST(NewTtlThreadsTest, WhileValuesAreAwayItKeepsTheLastValue) {
  SqliteCacheOptions options;
  options.resident_bytes = 0;
  options.write_behind_bytes = uint64_t{4} << 20;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "new_ttl_away"));
  ExpectNoOldValue(*cache, std::string(10'000, 'v'));
}

}  // namespace
}  // namespace appcache::new_ttl_threads_test
