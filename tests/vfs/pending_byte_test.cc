// The page of the pending byte, which SQLite never uses, moved from 1 GiB to
// page 2. A program of its own: it is set for the whole process.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::pending_byte_test {
namespace {

constexpr char kName[] = "pending byte";
constexpr int kPageBytes = 4096;
constexpr sqlite3_int64 kPage3 = 8192;

class PendingByteTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, kPageBytes);
  }
};

TEST_F(PendingByteTest, ItsPageIsAHoleThatReadsAsZeros) {
  const PlainSqlite db = CreateFilled(kName, 100, 5000);
  EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
  RawFile file(kName);
  EXPECT_EQ(file.Size(), db.Int("PRAGMA page_count") * kPageBytes);
  EXPECT_EQ(file.Read(kPageBytes, kPageBytes), std::string(kPageBytes, '\0'));
  EXPECT_NE(file.Read(kPage3, kPageBytes), std::string(kPageBytes, '\0'));
  ExpectIntegrity(db);
}

TEST_F(PendingByteTest, ADatabaseGrowsAndShrinksAcrossIt) {
  const PlainSqlite db = Create(kName);
  const PlainSqlite reader = Connect(kName, kReadOnly);
  RawFile file(kName);
  db.Run("PRAGMA mmap_size = 1000000");
  for (int round = 0; round < 3; ++round) {
    db.Run("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)");
    db.Run("INSERT INTO t(body) VALUES (randomblob(300000))");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    EXPECT_EQ(reader.Int("SELECT length(body) FROM t"), 300000);
    EXPECT_EQ(file.Size(), db.Int("PRAGMA page_count") * kPageBytes);
    ExpectIntegrity(db);
    db.Run("DROP TABLE t");
    db.Run("PRAGMA incremental_vacuum");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    EXPECT_EQ(db.Int("PRAGMA page_count"), 1);
    EXPECT_EQ(file.Size(), kPageBytes);
    ExpectIntegrity(reader);
  }
}

}  // namespace
}  // namespace appcache::vfs::pending_byte_test
