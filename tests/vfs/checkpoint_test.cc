// Checkpoints and readers: a reader keeps its snapshot, and a checkpoint waits
// for it.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::checkpoint_test {
namespace {

constexpr char kName[] = "checkpoint";

class CheckpointTest : public testing::Test {
 protected:
  static int64_t Count(const PlainSqlite& db) {
    return db.Int("SELECT count(*) FROM t WHERE length(body) = 5000");
  }
  void Insert() const {
    writer_.Run("INSERT INTO t(body) VALUES (randomblob(5000))");
  }

  const PlainSqlite writer_ = CreateFilled(kName, 50, 5000);
  const PlainSqlite reader_ = Connect(kName, kReadOnly);
};

TEST_F(CheckpointTest, ACheckpointIsRefusedWhileAReaderHasAnOldSnapshot) {
  reader_.Run("BEGIN");
  ASSERT_EQ(Count(reader_), 50);
  Insert();
  for (const char* const mode : {"FULL", "RESTART", "TRUNCATE"}) {
    EXPECT_TRUE(IsCheckpointBusy(writer_, mode)) << mode;
    EXPECT_EQ(Count(reader_), 50);
  }
  reader_.Run("COMMIT");
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_EQ(Count(reader_), 51);
  ExpectIntegrity(reader_);
}

TEST_F(CheckpointTest, AReaderOfTheLogsEndKeepsItFromRestarting) {
  reader_.Run("BEGIN");
  ASSERT_EQ(Count(reader_), 50);
  EXPECT_FALSE(IsCheckpointBusy(writer_, "FULL"));
  EXPECT_TRUE(IsCheckpointBusy(writer_, "TRUNCATE"));
  // The frames that it reads are not overwritten.
  writer_.Run("UPDATE t SET body = zeroblob(5001)");
  EXPECT_EQ(Count(reader_), 50);
  reader_.Run("COMMIT");
  EXPECT_EQ(Count(reader_), 0);
}

TEST_F(CheckpointTest, AReaderOfTheDatabaseAloneKeepsItUnchanged) {
  ASSERT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  reader_.Run("BEGIN");
  ASSERT_EQ(reader_.Int("SELECT count(*) FROM t"), 50);
  writer_.Run("UPDATE t SET body = zeroblob(5001)");
  // The reader holds the lock of readers of the database alone.
  EXPECT_FALSE(IsCheckpointBusy(writer_, "PASSIVE"));
  EXPECT_EQ(Count(reader_), 50);
  EXPECT_TRUE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_EQ(Count(reader_), 50);
  reader_.Run("COMMIT");
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_EQ(Count(reader_), 0);
}

TEST_F(CheckpointTest, AWriterDoesNotWaitForReaders) {
  reader_.Run("BEGIN");
  ASSERT_EQ(Count(reader_), 50);
  for (int i = 0; i < 20; ++i) Insert();
  EXPECT_EQ(Count(writer_), 70);
  EXPECT_EQ(Count(reader_), 50);
}

TEST_F(CheckpointTest, ALogOfManyIndexRegionsIsRead) {
  writer_.Run("PRAGMA wal_autocheckpoint = 0");
  // About 9,000 frames, in three regions.
  for (int i = 0; i < 120; ++i) {
    writer_.Run("UPDATE t SET body = randomblob(5000)");
    writer_.Run("INSERT INTO t(body) VALUES (randomblob(5000))");
    writer_.Run("DELETE FROM t WHERE id = (SELECT min(id) FROM t)");
  }
  EXPECT_GT(MemoryUseOf(kName)->log_bytes, uint64_t{33} << 20);
  EXPECT_EQ(Count(reader_), 50);
  ExpectIntegrity(reader_);
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_EQ(Count(reader_), 50);
  ExpectIntegrity(reader_);
}

TEST_F(CheckpointTest, LeavingTheLogKeepsTheRows) {
  EXPECT_EQ(Count(reader_), 50);
  {
    const PlainSqlite others = Connect(kName);
    EXPECT_EQ(Count(others), 50);
    // Another connection uses the log.
    EXPECT_EQ(writer_.TryRun("PRAGMA journal_mode = MEMORY"), SQLITE_BUSY);
  }
}

TEST_F(CheckpointTest, TheOnlyConnectionMayLeaveTheLogAndReturn) {
  PlainSqlite alone = CreateFilled("alone", 50, 5000);
  EXPECT_EQ(alone.Text("PRAGMA journal_mode = MEMORY"), "memory");
  EXPECT_EQ(MemoryUseOf("alone")->log_bytes, 0u);
  alone.Run("INSERT INTO t(body) VALUES (randomblob(5000))");
  EXPECT_EQ(alone.Text("PRAGMA journal_mode = WAL"), "wal");
  alone.Run("INSERT INTO t(body) VALUES (randomblob(5000))");
  EXPECT_EQ(Count(Connect("alone", kReadOnly)), 52);
  ExpectIntegrity(alone);
}

}  // namespace
}  // namespace appcache::vfs::checkpoint_test
