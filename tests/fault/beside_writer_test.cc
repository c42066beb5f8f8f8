// Readers of a database in memory that come and go beside a writer without
// pause. APPCACHE_BESIDE_WRITER_MS: how long each test runs (default 500).

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/memory_shell.h"

namespace appcache::beside_writer_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kKeys = 500;
constexpr char kName[] = "beside-a-writer";

steady_clock::time_point EndOfTest() {
  const char* const ms = std::getenv("APPCACHE_BESIDE_WRITER_MS");
  return steady_clock::now() + milliseconds(ms ? std::atoi(ms) : 500);
}

std::unique_ptr<SqliteCache> Open(SqliteCacheOptions options) {
  options.resident_bytes = 0;  // every get reads SQLite
  auto opened = SqliteCache::OpenInMemory(options, kName);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ok() ? *std::move(opened) : nullptr;
}

std::string KeyOf(int i) { return "key" + std::to_string(i % kKeys); }

class BesideWriterTest : public testing::TestWithParam<int> {};

// busy_timeout is zero, so whoever had to wait for a writer would fail.
TEST_P(BesideWriterTest, NoReadFailsAndNoSetIsBusy) {
  SqliteCacheOptions options;
  options.busy_timeout = milliseconds(0);
  // No thread of the cache's own writes.
  options.touch_flush_interval = std::chrono::hours(1);
  options.write_behind_interval = std::chrono::hours(1);
  const auto cache = Open(options);
  ASSERT_TRUE(cache);
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(cache->SetByStr(KeyOf(i), i).ok());
  }
  ASSERT_TRUE(cache->Flush().ok());
  std::atomic<bool> stops{false};
  std::atomic<uint64_t> failed_gets{0};
  std::atomic<uint64_t> gets{0};
  // A reader is a thread that opens its connection at its first get, and closes
  // it when it ends.
  const auto read = [&] {
    for (int i = 0; i < 200; ++i) {
      const auto found = cache->GetByStr<int>(KeyOf(i));
      if (!found.is_hit() || *found % kKeys != i % kKeys) ++failed_gets;
      ++gets;
    }
  };
  std::vector<std::thread> readers;
  for (int reader = 0; reader < GetParam(); ++reader) {
    readers.emplace_back([&] {
      while (!stops) std::thread(read).join();
    });
  }
  Status failed;
  uint64_t sets = 0;
  for (const auto end = EndOfTest(); steady_clock::now() < end; ++sets) {
    const int i = static_cast<int>(sets % 1'000'000);
    Status set = cache->SetByStr(KeyOf(i), i);
    if (set.ok() && i % 8 == 0) set = cache->Flush();
    if (!set.ok() && failed.ok()) failed = std::move(set);
  }
  stops = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(failed.ok()) << failed.ToString();
  EXPECT_EQ(failed_gets, 0u);
  EXPECT_GT(gets, 0u);
  RecordProperty("gets", std::to_string(gets));
  RecordProperty("sets", std::to_string(sets));
  const auto report = cache->Check();
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
}

INSTANTIATE_TEST_SUITE_P(Readers, BesideWriterTest, testing::Values(1, 2, 8));

// Of another connection: a flush waits for it.
TEST(BesideAWriterTest, GetsAndSetsGoOnWhileTheWriteLockIsHeld) {
  SqliteCacheOptions options;
  options.clock = std::make_shared<FakeClock>();
  options.busy_timeout = milliseconds(0);
  const auto cache = Open(options);
  ASSERT_TRUE(cache);
  ASSERT_TRUE(cache->SetByStr("key", std::string("value")).ok());
  ASSERT_TRUE(cache->Flush().ok());
  WriteBlocker blocker(kName);
  blocker.TakeLock();
  ASSERT_TRUE(cache->SetByStr("another", std::string("value")).ok());
  EXPECT_TRUE(cache->Flush().Is(ErrorCode::kBusy));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(cache->GetByStr<std::string>("key").is_hit());
  }
  std::thread([&] {  // also one that has to connect first
    EXPECT_TRUE(cache->GetByStr<std::string>("key").is_hit());
  })
      .join();
  blocker.ReleaseLock();
  EXPECT_TRUE(cache->Flush().ok());
}

}  // namespace
}  // namespace appcache::beside_writer_test
