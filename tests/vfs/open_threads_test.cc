// Threads open and close one name at the same time, and the last one frees it.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::open_threads_test {
namespace {

constexpr char kName[] = "opened";

// Calls `work` in some threads.
template <class Work>
void InThreads(const Work& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

PlainSqlite Open(int flags) {
  PlainSqlite db = Connect(kName, flags);
  sqlite3_busy_timeout(db.get(), 60'000);
  return db;
}

TEST(OpenThreadsTest, ADatabaseIsOneForAllWhoHaveItOpen) {
  constexpr int kIncrements = 8;
  std::atomic<int> wrong{0};
  InThreads([&] {
    for (int i = 0; i < 300 * TestScale(); ++i) {
      RawFile file(kName);
      // The database lives from here on: a region is the same all the time.
      const volatile char* const region = file.Region(0, /*extend=*/true);
      for (int again = 0; again < kIncrements; ++again) {
        RawFile other(kName, SQLITE_OPEN_MAIN_DB | kReadOnly);
        if (other.open_code() != SQLITE_OK ||
            other.Region(0, /*extend=*/false) != region) {
          ++wrong;
        }
        if (!MemoryUseOf(kName)) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_FALSE(MemoryUseOf(kName).has_value());
}

TEST(OpenThreadsTest, TheLastOneFreesItAndTheNextOneStartsAgain) {
  std::atomic<int> wrong{0};
  InThreads([&] {
    for (int i = 0; i < 2000 * TestScale(); ++i) {
      RawFile file(kName);
      if (file.Write(0, "x") != SQLITE_OK || file.Size() != 1) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_FALSE(MemoryUseOf(kName).has_value());
}

// A connection reads the header of the database before it holds a lock.
TEST(OpenThreadsTest, ConnectionsComeAndGoWhileOthersCommitAndCheckpoint) {
  const PlainSqlite keeper = CreateFilled(kName, 0, 0);
  const int each = 40 * TestScale();
  std::mutex writers;
  InThreads([&] {
    for (int i = 0; i < each; ++i) {
      const PlainSqlite db = Open(kReadWrite);
      {
        std::lock_guard<std::mutex> guard(writers);
        db.Run("INSERT INTO t(body) VALUES (randomblob(3000))");
        (void)IsCheckpointBusy(db, "PASSIVE");
      }
      const PlainSqlite reader = Open(kReadOnly);
      EXPECT_GE(reader.Int("SELECT count(*) FROM t"), i + 1);
    }
  });
  EXPECT_EQ(keeper.Int("SELECT count(*) FROM t"), 4 * each);
  ExpectIntegrity(keeper);
}

}  // namespace
}  // namespace appcache::vfs::open_threads_test
