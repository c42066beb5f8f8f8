// A transaction that is larger than the cache writes to the log before it
// commits: nobody sees that, and a rollback removes it.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::spill_test {
namespace {

constexpr char kName[] = "spill";
constexpr int kRows = 100;

class SpillTest : public testing::Test {
 protected:
  SpillTest() {
    writer_.Run("PRAGMA cache_size = 10");
    writer_.Run("PRAGMA wal_autocheckpoint = 0");
    EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
    sum_ = Sum();
  }

  // Changes every row and adds 4 MB.
  void Spill() {
    writer_.Run("BEGIN");
    writer_.Run("UPDATE t SET body = randomblob(20000)");
    writer_.Run("INSERT INTO t(body) SELECT randomblob(40000) FROM t");
    EXPECT_GT(MemoryUseOf(kName)->log_bytes, uint64_t{5} << 20);
  }

  std::string Sum() const {
    return reader_.Text(
        "SELECT count(*) || ':' || sum(length(body)) || ':' || "
        "hex(max(body)) FROM t");
  }

  const PlainSqlite writer_ = CreateFilled(kName, kRows, 5000);
  const PlainSqlite reader_ = Connect(kName, kReadOnly);
  std::string sum_;
};

TEST_F(SpillTest, AReaderDoesNotSeeWhatIsNotCommitted) {
  Spill();
  EXPECT_EQ(Sum(), sum_);
  writer_.Run("COMMIT");
  EXPECT_NE(Sum(), sum_);
  EXPECT_EQ(reader_.Int("SELECT count(*) FROM t"), 2 * kRows);
}

TEST_F(SpillTest, ARollbackRemovesIt) {
  Spill();
  writer_.Run("ROLLBACK");
  EXPECT_EQ(Sum(), sum_);
  ExpectIntegrity(writer_);
  ExpectIntegrity(reader_);
  // The next transaction overwrites its frames.
  writer_.Run("INSERT INTO t(body) VALUES (randomblob(100000))");
  EXPECT_EQ(reader_.Int("SELECT count(*) FROM t"), kRows + 1);
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_EQ(reader_.Int("SELECT count(*) FROM t"), kRows + 1);
  ExpectIntegrity(reader_);
}

TEST_F(SpillTest, ARollbackToASavepointRemovesItsPart) {
  writer_.Run("BEGIN");
  writer_.Run("INSERT INTO t(body) SELECT randomblob(30000) FROM t");
  writer_.Run("SAVEPOINT here");
  writer_.Run("DELETE FROM t WHERE id % 2 = 0");
  writer_.Run("INSERT INTO t(body) SELECT randomblob(30000) FROM t");
  writer_.Run("ROLLBACK TO here");
  writer_.Run("COMMIT");
  EXPECT_EQ(reader_.Int("SELECT count(*) FROM t"), 2 * kRows);
  ExpectIntegrity(reader_);
}

TEST_F(SpillTest, ACheckpointDuringASpillIsRefused) {
  Spill();
  EXPECT_EQ(writer_.TryRun("PRAGMA wal_checkpoint"), SQLITE_LOCKED);
  const PlainSqlite other = Connect(kName);
  EXPECT_TRUE(IsCheckpointBusy(other, "TRUNCATE"));
  EXPECT_EQ(Sum(), sum_);
  writer_.Run("ROLLBACK");
  EXPECT_FALSE(IsCheckpointBusy(other, "TRUNCATE"));
  EXPECT_EQ(Sum(), sum_);
  ExpectIntegrity(reader_);
}

}  // namespace
}  // namespace appcache::vfs::spill_test
