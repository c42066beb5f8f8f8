// OpenOn, used by several threads: the connection is in serialised mode, and
// serves the cache one call at a time.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache::borrowed_threads_test {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 300;

// Each thread sets, gets and invalidates keys of its own; all of them also
// read and write the entry "shared".
void Work(SqliteCache& cache, int thread) {
  const std::string mine = "thread" + std::to_string(thread) + "/";
  for (int round = 0; round < kRounds; ++round) {
    const std::string path = mine + std::to_string(round % 10);
    const std::string value = path + "=" + std::to_string(round);
    Set(cache, path, value);
    EXPECT_EQ(Get(cache, path), value);
    Set(cache, "shared", value);
    EXPECT_TRUE(Get(cache, "shared").starts_with("thread"));
    if (round % 7 == 0) {
      EXPECT_TRUE(cache.backend()->InvalidateRaw(path).ok());
      EXPECT_EQ(Get(cache, path), "<miss>");
    }
    if (round % 50 == 0) {
      EXPECT_TRUE(cache.Flush().ok());
      EXPECT_FALSE(PathsIn(cache).empty());
    }
  }
}

TEST(BorrowedThreadsTest, EachSeesItsOwnWrites) {
  ASSERT_NE(sqlite3_threadsafe(), 0);
  const PlainSqlite connection;
  connection.Run("CREATE TABLE people(name)");
  const auto cache = Must(SqliteCache::OpenOn(connection.get()));
  std::latch start(kThreads + 1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      Work(*cache, i);
    });
  }
  // The owner goes on using it.
  start.arrive_and_wait();
  for (int i = 0; i < kRounds; ++i) {
    connection.Run("INSERT INTO people VALUES ('Ada')");
  }
  threads.clear();
  EXPECT_EQ(connection.Int("SELECT count(*) FROM people"), kRounds);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_EQ(cache->Stats().write_errors, 0u);
  EXPECT_EQ(cache->Stats().read_errors, 0u);
}

// A thread gives its statements back, for which it needs the connection, while
// a set has the connection and asks all threads for the uses they have seen.
TEST(BorrowedThreadsTest, ThreadsThatEndDoNotMeetSetsThatEvict) {
  const PlainSqlite connection;
  SqliteCacheOptions options;
  options.max_entries = 2;
  const auto cache = Must(SqliteCache::OpenOn(connection.get(), options));
  std::atomic<bool> done = false;
  const std::jthread setter([&] {
    for (int i = 0; !done; ++i) Set(*cache, std::to_string(i));
  });
  for (int i = 0; i < 500; ++i) {
    std::jthread([&] { Get(*cache, "0"); }).join();
  }
  done = true;
}

// Two caches on one connection have two writer lanes: SQLite's own mutex keeps
// their transactions apart.
TEST(BorrowedThreadsTest, SoDoThoseOfTwoCachesOnOneConnection) {
  const PlainSqlite connection;
  const auto first = Must(SqliteCache::OpenOn(connection.get()));
  const auto second = Must(SqliteCache::OpenOn(connection.get()));
  std::latch start(2);
  {
    const std::jthread one([&] {
      start.arrive_and_wait();
      Work(*first, 1);
    });
    const std::jthread two([&] {
      start.arrive_and_wait();
      Work(*second, 2);
    });
  }
  EXPECT_EQ(ProblemsIn(*first), Strings());
}

}  // namespace
}  // namespace appcache::borrowed_threads_test
