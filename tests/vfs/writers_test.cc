// 64 writers and some readers on one database.
//
// The rule of the cache: commits and checkpoints hold one mutex. Readers need
// none, and see every transaction as a whole. Nothing waits for SQLite's locks:
// there is no busy timeout.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::writers_test {
namespace {

constexpr char kName[] = "writers";
constexpr int kWriters = 64;
constexpr int kReaders = 3;
constexpr int kRounds = 3;
constexpr int kCheckpointEvery = 25;

// What row `id` holds: 8 KiB of a letter, so that a page of another is seen.
constexpr char kBodyOf[] =
    "replace(hex(zeroblob(4096)), '0', char(97 + id % 26))";

class WritersTest : public testing::Test {
 protected:
  WritersTest() {
    keeper_.Run("CREATE TABLE total(rows INTEGER, sum INTEGER)");
    keeper_.Run("INSERT INTO total VALUES (0, 0)");
  }

  // Connections that have the log open already: opening and closing would
  // make others busy for a moment.
  static std::vector<PlainSqlite> Open(int count, int flags) {
    std::vector<PlainSqlite> connections;
    for (int i = 0; i < count; ++i) {
      connections.push_back(Connect(kName, flags));
      EXPECT_EQ(connections.back().Int("SELECT rows FROM total"), 0);
    }
    return connections;
  }

  void Write(const PlainSqlite& db, int transactions) {
    for (int i = 1; i <= transactions; ++i) {
      std::lock_guard<std::mutex> guard(mutex_);
      db.Run("BEGIN IMMEDIATE");
      db.Run("UPDATE total SET rows = rows + 1, sum = sum + rows + 1");
      db.Run(std::string("INSERT INTO t SELECT id, ") + kBodyOf +
             " FROM (SELECT rows AS id FROM total)");
      db.Run("COMMIT");
      if (i % kCheckpointEvery == 0) (void)IsCheckpointBusy(db, "TRUNCATE");
    }
  }

  static void Read(const PlainSqlite& db, const std::atomic<bool>& is_done) {
    const std::string newest_are_whole =
        std::string("SELECT total(body = ") + kBodyOf +
        ") = count(*) FROM (SELECT * FROM t ORDER BY id DESC LIMIT 5)";
    int64_t seen = 0;
    do {
      const std::vector<std::string> rows = db.Rows(
          "SELECT rows FROM total WHERE rows = (SELECT count(*) FROM t) "
          "AND sum = (SELECT coalesce(sum(id), 0) FROM t)");
      ASSERT_EQ(rows.size(), 1u) << "a transaction was seen in part";
      const int64_t now = std::stoll(rows[0]);
      EXPECT_GE(now, seen);
      seen = now;
      EXPECT_EQ(db.Int(newest_are_whole), 1);
    } while (!is_done);
  }

  void Round(int transactions) {
    const std::vector<PlainSqlite> writing = Open(kWriters, kReadWrite);
    const std::vector<PlainSqlite> reading = Open(kReaders, kReadOnly);
    reading[0].Run("PRAGMA mmap_size = 100000000");
    std::atomic<bool> is_done{false};
    std::vector<std::thread> writers;
    std::vector<std::thread> readers;
    for (const PlainSqlite& db : writing) {
      writers.emplace_back([&] { Write(db, transactions); });
    }
    for (const PlainSqlite& db : reading) {
      readers.emplace_back([&] { Read(db, is_done); });
    }
    for (std::thread& writer : writers) writer.join();
    is_done = true;
    for (std::thread& reader : readers) reader.join();
  }

  const PlainSqlite keeper_ = CreateFilled(kName, 0, 0);
  std::mutex mutex_;
};

TEST_F(WritersTest, NoTransactionIsLostOrSeenInPart) {
  const int transactions = 10 * TestScale();
  for (int round = 0; round < kRounds; ++round) {
    Round(transactions);
    EXPECT_EQ(keeper_.Int("SELECT count(*) FROM t"), kWriters * transactions);
    EXPECT_EQ(
        keeper_.Int(std::string("SELECT total(body = ") + kBodyOf + ") FROM t"),
        kWriters * transactions);
    ExpectIntegrity(keeper_);
    keeper_.Run("DELETE FROM t");
    keeper_.Run("UPDATE total SET rows = 0, sum = 0");
    keeper_.Run("PRAGMA incremental_vacuum");
    EXPECT_FALSE(IsCheckpointBusy(keeper_, "TRUNCATE"));
    EXPECT_LT(MemoryUseOf(kName)->database_bytes, uint64_t{1} << 20);
    ExpectIntegrity(keeper_);
  }
}

}  // namespace
}  // namespace appcache::vfs::writers_test
