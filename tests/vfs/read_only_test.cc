// Read-only connections never checkpoint and never delete the log.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::read_only_test {
namespace {

constexpr char kName[] = "read only";
constexpr int kRows = 50;

uint64_t LogBytes() { return MemoryUseOf(kName)->log_bytes; }
int64_t Count(const PlainSqlite& db) {
  return db.Int("SELECT count(*) FROM t WHERE length(body) = 5000");
}

TEST(ReadOnlyTest, DoesNotCheckpoint) {
  const PlainSqlite writer = CreateFilled(kName, kRows, 5000);
  const PlainSqlite reader = Connect(kName, kReadOnly);
  const MemoryUse before = MemoryUseOf(kName).value();
  for (const char* const mode : {"PASSIVE", "FULL", "RESTART", "TRUNCATE"}) {
    EXPECT_TRUE(IsCheckpointBusy(reader, mode)) << mode;
  }
  const MemoryUse after = MemoryUseOf(kName).value();
  EXPECT_EQ(after.database_bytes, before.database_bytes);
  EXPECT_EQ(after.log_bytes, before.log_bytes);
  EXPECT_EQ(Count(reader), kRows);
}

TEST(ReadOnlyTest, CannotWrite) {
  const PlainSqlite writer = CreateFilled(kName, kRows, 5000);
  const PlainSqlite reader = Connect(kName, kReadOnly);
  EXPECT_EQ(reader.TryRun("DELETE FROM t"), SQLITE_READONLY);
  EXPECT_EQ(Count(writer), kRows);
}

// The parameter: whether the database has all of the log already.
class ReadOnlyCloseTest : public testing::TestWithParam<bool> {};

// The other connections have not read yet, so SQLite takes this one for the
// last and would delete the log.
TEST_P(ReadOnlyCloseTest, ClosingItLastKeepsTheLog) {
  RawFile keeper(kName);
  PlainSqlite writer = CreateFilled(kName, kRows, 5000);
  if (GetParam()) {
    EXPECT_FALSE(IsCheckpointBusy(writer, "FULL"));
  }
  PlainSqlite reader = Connect(kName, kReadOnly);
  const PlainSqlite others[] = {Connect(kName, kReadOnly), Connect(kName)};
  ASSERT_EQ(Count(reader), kRows);
  writer.Close();
  const sqlite3_int64 database_size = keeper.Size();
  const uint64_t log_bytes = LogBytes();
  ASSERT_GT(log_bytes, uint64_t{200'000});
  reader.Close();
  EXPECT_EQ(keeper.Size(), database_size);
  EXPECT_EQ(LogBytes(), log_bytes);
  for (const PlainSqlite& other : others) {
    EXPECT_EQ(Count(other), kRows);
    ExpectIntegrity(other);
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpointed, ReadOnlyCloseTest, testing::Bool());

// A connection that may write copies the log and deletes it.
TEST(ReadOnlyTest, ClosingAWriterLastCheckpoints) {
  RawFile keeper(kName);
  PlainSqlite writer = Connect(kName);
  writer.Run("PRAGMA journal_mode = WAL");
  writer.Run("CREATE TABLE t(body)");
  writer.Run("INSERT INTO t VALUES (randomblob(5000))");
  writer.Close();
  EXPECT_GT(keeper.Size(), 4096);
  EXPECT_EQ(LogBytes(), 0u);
  EXPECT_EQ(Count(Connect(kName)), 1);
}

// The last writer has deleted the log and the wal-index.
TEST(ReadOnlyTest, MayBeTheFirstConnectionOfALog) {
  const RawFile keeper(kName);
  CreateFilled(kName, kRows, 5000).Close();
  EXPECT_EQ(LogBytes(), 0u);
  EXPECT_EQ(Count(Connect(kName, kReadOnly)), kRows);
}

// Nothing waits: there is no busy timeout.
TEST(ReadOnlyTest, ItsCheckpointsBesideAWriterChangeNothing) {
  const int transactions = 500 * TestScale();
  const PlainSqlite writer = CreateFilled(kName, 0, 0);
  std::atomic<bool> is_done{false};
  std::thread restarter([&] {
    const PlainSqlite reader = Connect(kName, kReadOnly);
    while (!is_done) {
      EXPECT_TRUE(IsCheckpointBusy(reader, "RESTART"));
      EXPECT_GE(Count(reader), 0);
    }
  });
  int64_t expected = 0;
  for (int i = 0; i < transactions; ++i) {
    writer.Run("INSERT INTO t(body) VALUES (randomblob(5000))");
    ++expected;
    if (i % 50 == 0) (void)IsCheckpointBusy(writer, "RESTART");
  }
  is_done = true;
  restarter.join();
  EXPECT_EQ(Count(writer), expected);
  EXPECT_EQ(Count(Connect(kName, kReadOnly)), expected);
  ExpectIntegrity(writer);
}

}  // namespace
}  // namespace appcache::vfs::read_only_test
