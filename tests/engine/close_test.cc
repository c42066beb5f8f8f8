// E9, closing: what later calls get, and that calls in progress are waited for.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/executor.h"
#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"

namespace appcache::close_test {
namespace {

void ExpectClosed(const Status& status) {
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("has been closed"), std::string::npos)
      << status.ToString();
}

void ExpectEveryCallClosed(SqliteCache& cache) {
  const auto visit = [](const auto&) { return true; };
  ExpectClosed(cache.backend()->GetRaw("a").status());
  ExpectClosed(cache.backend()->TtlRaw("a").status());
  ExpectClosed(cache.backend()->GetTimedRaw("a").status());
  ExpectClosed(cache.backend()->SetRaw("a", "x", kNoTtl));
  ExpectClosed(cache.backend()->InvalidateRaw("a"));
  ExpectClosed(cache.Clear());
  ExpectClosed(cache.Flush());
  ExpectClosed(cache.ForEachKey(visit));
  ExpectClosed(cache.ForEachEntry(visit));
  ExpectClosed(cache.RestoreMany({}));
  ExpectClosed(cache.Snapshot("closed.db"));
  ExpectClosed(cache.Check().status());
  ExpectClosed(cache.CheckAndFix().status());
}

TEST(CloseTest, LaterCallsAreUnavailable) {
  const Scratch scratch;
  const PlainSqlite connection;
  std::unique_ptr<SqliteCache> caches[] = {
      Must(SqliteCache::OpenInMemory({}, "closed")),
      Must(SqliteCache::OpenFile(scratch.Path("cache.db"))),
      Must(SqliteCache::OpenOn(connection.get()))};
  for (const auto& cache : caches) {
    Set(*cache, "a");
    Get(*cache, "a");
    ASSERT_TRUE(cache->Close().ok());
    ExpectEveryCallClosed(*cache);
  }
}

TEST(CloseTest, ASecondCloseIsSuccess) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "twice"));
  EXPECT_TRUE(cache->Close().ok());
  EXPECT_TRUE(cache->Close().ok());
}

TEST(CloseTest, CountersCanStillBeRead) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "counters"));
  Set(*cache, "a");
  Get(*cache, "a");
  ASSERT_TRUE(cache->Close().ok());
  const CacheStats stats = cache->Stats();
  EXPECT_EQ(stats.sets, 1u);
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_FALSE(stats.entries);
  EXPECT_FALSE(stats.bytes);
}

TEST(CloseTest, AFileMayBeOpenedAgainAtOnce) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const auto closed = Must(SqliteCache::OpenFile(file));
  Set(*closed, "a");
  ASSERT_TRUE(closed->Close().ok());
  const auto cache = Must(SqliteCache::OpenFile(file));
  EXPECT_EQ(Get(*cache, "a"), "value");
  ExpectEveryCallClosed(*closed);
}

TEST(CloseTest, WhileTheFileIsLockedItSaysWhatWasNotWritten) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  CapturedLog log;
  SqliteCacheOptions options;
  options.cache = log.options();
  options.busy_timeout = std::chrono::milliseconds(0);
  auto cache = Must(SqliteCache::OpenFile(file, options));
  Set(*cache, "a");
  Get(*cache, "a");
  const PlainSqlite other(file);
  other.Run("BEGIN IMMEDIATE");
  EXPECT_TRUE(cache->Close().Is(ErrorCode::kBusy));
  other.Run("ROLLBACK");
  // Closed all the same, and the value is there.
  ExpectClosed(cache->backend()->SetRaw("b", "x", kNoTtl));
  EXPECT_EQ(Get(*Must(SqliteCache::OpenFile(file, options)), "a"), "value");
}

TEST(CloseTest, ADestructorThatCannotFlushTellsTheLog) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  CapturedLog log;
  SqliteCacheOptions options;
  options.cache = log.options();
  options.busy_timeout = std::chrono::milliseconds(0);
  auto cache = Must(SqliteCache::OpenFile(file, options));
  Set(*cache, "a");
  Get(*cache, "a");
  const PlainSqlite other(file);
  other.Run("BEGIN IMMEDIATE");
  cache.reset();
  other.Run("ROLLBACK");
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_TRUE(
      log.lines()[0].starts_with("warning: cannot close a cache: busy: "))
      << log.lines()[0];
}

TEST(CloseTest, TheDestructorWaitsForALoaderThatUsesTheCache) {
  constexpr int kCalls = 200;
  auto cache = Must(SqliteCache::OpenInMemory({}, "loader"));
  SqliteCache& used = *cache;
  LoadOptions options;
  options.executor = std::make_shared<ThreadExecutor>();
  options.hard_timeout = std::chrono::milliseconds(0);
  std::latch loading(1);
  std::latch timed_out(1);
  std::atomic<int> succeeded = 0;
  const auto load = [&] {
    loading.count_down();
    timed_out.wait();
    for (int i = 0; i < kCalls; ++i) {
      if (used.Flush().ok()) ++succeeded;
    }
    return std::string("loaded");
  };
  EXPECT_THROW((void)cache->GetVia(Key<std::string>("a"), load, options),
               LoadTimeout);
  loading.wait();
  timed_out.count_down();
  cache.reset();
  EXPECT_EQ(succeeded, kCalls);
}

// Whatever a call finds, it is right, or the cache has been closed.
void WorkUntilClosed(SqliteCache& cache, int thread, std::latch& working) {
  const std::string path = "thread" + std::to_string(thread);
  for (int round = 0;; ++round) {
    const std::string value = std::to_string(round);
    const Status set =
        cache.backend()->SetRaw(path, value, std::chrono::hours(1));
    if (!set.ok()) return ExpectClosed(set);
    const Lookup<Bytes> found = cache.backend()->GetRaw(path);
    if (found.has_error()) return ExpectClosed(found.status());
    EXPECT_TRUE(found);
    if (found) {
      EXPECT_EQ(found->view(), value);
    }
    if (round == 20) working.count_down();
  }
}

TEST(CloseTest, WaitsForCallsInOtherThreads) {
  constexpr int kThreads = 6;
  const Scratch scratch;
  for (int round = 0; round < 6; ++round) {
    const auto cache =
        Must(round % 2 == 0 ? SqliteCache::OpenInMemory({}, "busy")
                            : SqliteCache::OpenFile(scratch.Path("cache.db")));
    std::latch working(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] { WorkUntilClosed(*cache, i, working); });
    }
    working.wait();
    EXPECT_TRUE(cache->Close().ok());
    threads.clear();
    ExpectEveryCallClosed(*cache);
  }
  // The last value that each set is there.
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  EXPECT_EQ(PathsIn(*cache).size(), static_cast<size_t>(kThreads));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST(CloseTest, SeveralThreadsMayCloseAtOnce) {
  for (int round = 0; round < 50; ++round) {
    const auto cache = Must(SqliteCache::OpenInMemory({}, "several"));
    Set(*cache, "a");
    Get(*cache, "a");
    std::latch start(4);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        EXPECT_TRUE(cache->Close().ok());
      });
    }
  }
}

// Objects of one database that come and go in several threads.
TEST(CloseTest, OpeningAndClosingRaceWithoutHarm) {
  const Scratch scratch;
  std::latch start(4);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string path = "thread" + std::to_string(i);
      start.arrive_and_wait();
      for (int round = 0; round < 20; ++round) {
        const auto cache =
            Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
        const std::string value = std::to_string(round);
        Set(*cache, path, value);
        EXPECT_EQ(Get(*cache, path), value);
      }
    });
  }
  threads.clear();
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Get(*cache, "thread" + std::to_string(i)), "19");
  }
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

}  // namespace
}  // namespace appcache::close_test
