// Readers of a database in memory that come and go beside a writer without
// pause. APPCACHE_BESIDE_WRITER_MS: how long each test runs (default 500).

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kKeys = 500;

steady_clock::time_point EndOfTest() {
  const char* const ms = std::getenv("APPCACHE_BESIDE_WRITER_MS");
  return steady_clock::now() + milliseconds(ms ? std::atoi(ms) : 500);
}

std::unique_ptr<SqliteCache> Open(SqliteCacheOptions options) {
  options.resident_bytes = 0;  // every get reads SQLite
  auto opened = SqliteCache::OpenInMemory(options, "beside a writer");
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
  options.touch_flush_count = size_t{1} << 40;
  const auto cache = Open(options);
  ASSERT_TRUE(cache);
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(cache->SetByStr(KeyOf(i), i).ok());
  }
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

// A clock that stops the thread which asks for the time while it is armed.
class StoppingClock final : public Clock {
 public:
  TimePoint Now() const noexcept override {
    if (stops_.load() && std::this_thread::get_id() == writer_) {
      inside_.count_down();
      continue_.wait();
    }
    return fake_.Now();
  }
  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    fake_.WaitUntil(lock, changed, deadline, done);
  }

  void StopThisThread() {
    writer_ = std::this_thread::get_id();
    stops_ = true;
  }
  void WaitForIt() { inside_.wait(); }
  void Continue() {
    stops_ = false;
    continue_.count_down();
  }

 private:
  FakeClock fake_;
  std::thread::id writer_;
  std::atomic<bool> stops_{false};
  mutable std::latch inside_{1};
  mutable std::latch continue_{1};
};

// An Add takes the time while it holds the writer lock.
TEST(BesideAWriterTest, GetsGoOnWhileTheWriterLockIsHeld) {
  const auto clock = std::make_shared<StoppingClock>();
  SqliteCacheOptions options;
  options.clock = clock;
  options.busy_timeout = milliseconds(0);
  const auto cache = Open(options);
  ASSERT_TRUE(cache);
  ASSERT_TRUE(cache->SetByStr("key", std::string("value")).ok());
  std::thread writer([&] {
    clock->StopThisThread();
    const Result<bool> added =
        cache->backend()->AddRaw("another", "value", kNoTtl);
    EXPECT_TRUE(added.ok() && *added);
  });
  clock->WaitForIt();
  EXPECT_TRUE(
      cache->SetByStr("third", std::string("value")).Is(ErrorCode::kBusy));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(cache->GetByStr<std::string>("key").is_hit());
  }
  std::thread([&] {  // also one that has to connect first
    EXPECT_TRUE(cache->GetByStr<std::string>("key").is_hit());
  })
      .join();
  clock->Continue();
  writer.join();
}

}  // namespace
}  // namespace appcache
