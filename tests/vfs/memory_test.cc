// The memory of a database follows its size, down too.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "engine/vfs/chunk_memory.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::memory_test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr char kName[] = "memory";

MemoryUse Use() { return MemoryUseOf(kName).value(); }

TEST(MemoryTest, ACheckpointMovesTheMemoryOfTheLogToTheDatabase) {
  const PlainSqlite db = CreateFilled(kName, 100, 40'000);
  db.Run("PRAGMA wal_autocheckpoint = 0");
  EXPECT_GE(Use().log_bytes, 3 * kMiB);
  EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
  EXPECT_GE(Use().database_bytes, 3 * kMiB);
  EXPECT_LT(Use().log_bytes, kMiB / 4);  // the index
}

TEST(MemoryTest, VacuumAndCheckpointAfterDeletesReturnTheMemory) {
  const PlainSqlite db = CreateFilled(kName, 200, 40'000);
  EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
  const uint64_t full = Use().database_bytes;
  EXPECT_GE(full, 7 * kMiB);
  db.Run("DELETE FROM t WHERE id > 10");
  db.Run("PRAGMA incremental_vacuum");
  EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
  EXPECT_LE(Use().database_bytes, full / 10);
  EXPECT_LT(Use().log_bytes, kMiB / 4);
  EXPECT_EQ(db.Int("SELECT count(*) FROM t WHERE length(body) = 40000"), 10);
  ExpectIntegrity(db);
}

TEST(MemoryTest, ADatabaseThatGrowsAndShrinksAgainAndAgainKeepsNoMemory) {
  const PlainSqlite db = CreateFilled(kName, 1, 10);
  uint64_t first = 0;
  for (int round = 0; round < 5; ++round) {
    db.Run("INSERT INTO t(body) SELECT randomblob(3000000)");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    db.Run("DELETE FROM t WHERE id > 1");
    db.Run("PRAGMA incremental_vacuum");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    const MemoryUse use = Use();
    if (round == 0) first = use.database_bytes + use.log_bytes;
    EXPECT_EQ(use.database_bytes + use.log_bytes, first);
  }
}

TEST(MemoryTest, AFullVacuumReturnsTheMemory) {
  const PlainSqlite db = CreateFilled(kName, 100, 40'000);
  db.Run("DELETE FROM t WHERE id > 1");
  db.Run("VACUUM");
  EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
  EXPECT_EQ(Use().database_bytes, kChunkBytes);
  ExpectIntegrity(db);
}

TEST(MemoryTest, SqliteReportsFullAtItsLimitOfPages) {
  const PlainSqlite db = CreateFilled(kName, 1, 10);
  db.Run("PRAGMA max_page_count = 100");
  EXPECT_EQ(db.TryRun("INSERT INTO t(body) SELECT randomblob(1000000)"),
            SQLITE_FULL);
  EXPECT_EQ(db.Int("SELECT count(*) FROM t"), 1);
  ExpectIntegrity(db);
}

}  // namespace
}  // namespace appcache::vfs::memory_test
