// Pages without a copy (xFetch), up to PRAGMA mmap_size.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vfs/chunk_memory.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::fetch_test {
namespace {

constexpr char kName[] = "fetch";
constexpr int kPageBytes = 4096;
constexpr int64_t kKiB = 1024;

// Fetches the page, compares it with what xRead has, and releases it. Returns
// whether there was one.
bool IsFetched(sqlite3_file* file, sqlite3_int64 at) {
  void* page = nullptr;
  EXPECT_EQ(file->pMethods->xFetch(file, at, kPageBytes, &page), SQLITE_OK);
  if (page == nullptr) return false;
  std::string read(kPageBytes, '#');
  EXPECT_EQ(file->pMethods->xRead(file, read.data(), kPageBytes, at),
            SQLITE_OK);
  EXPECT_EQ(std::string_view(static_cast<const char*>(page), kPageBytes), read);
  EXPECT_EQ(file->pMethods->xUnfetch(file, at, page), SQLITE_OK);
  return true;
}

void SetMmapSize(const PlainSqlite& db, int64_t bytes) {
  EXPECT_EQ(db.Int("PRAGMA mmap_size = " + std::to_string(bytes)), bytes);
  EXPECT_EQ(db.Int("PRAGMA mmap_size"), bytes);
}

// The parameter: PRAGMA mmap_size.
class FetchTest : public testing::TestWithParam<int64_t> {
 protected:
  FetchTest() {
    EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
    SetMmapSize(reader_, GetParam());
  }

  static std::vector<std::string> All(const PlainSqlite& db) {
    return db.Rows("SELECT id, body FROM t ORDER BY id");
  }

  const PlainSqlite writer_ = CreateFilled(kName, 200, 10'000);
  const PlainSqlite reader_ = Connect(kName, kReadOnly);
  const PlainSqlite without_ = Connect(kName, kReadOnly);
};

TEST_P(FetchTest, PagesUpToTheLimitAreFetchedAndEqualWhatIsRead) {
  sqlite3_file* const file = FileOf(reader_);
  const int64_t size = reader_.Int("PRAGMA page_count") * kPageBytes;
  ASSERT_GT(size, 2000 * kKiB);
  int64_t fetched = 0;
  for (int64_t at = 0; at < size; at += kPageBytes) {
    const bool is_fetched = IsFetched(file, at);
    EXPECT_EQ(is_fetched, at + kPageBytes <= GetParam()) << at;
    if (is_fetched) fetched += kPageBytes;
  }
  EXPECT_LE(fetched, GetParam());
  EXPECT_FALSE(IsFetched(file, size));  // beyond the end
}

TEST_P(FetchTest, QueriesHaveTheSameResults) {
  EXPECT_TRUE(All(reader_) == All(without_));
  ExpectIntegrity(reader_);
  writer_.Run("UPDATE t SET body = randomblob(7000) WHERE id % 3 = 0");
  EXPECT_TRUE(All(reader_) == All(without_));
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_TRUE(All(reader_) == All(without_));
}

TEST_P(FetchTest, ASnapshotIsKeptWhileOthersWriteAndCheckpoint) {
  const std::vector<std::string> before = All(without_);
  reader_.Run("BEGIN");
  ASSERT_TRUE(All(reader_) == before);
  writer_.Run("UPDATE t SET body = randomblob(9000)");
  EXPECT_FALSE(IsCheckpointBusy(writer_, "PASSIVE"));
  EXPECT_TRUE(All(reader_) == before);
  reader_.Run("COMMIT");
  EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
  EXPECT_FALSE(All(reader_) == before);
  EXPECT_TRUE(All(reader_) == All(without_));
}

TEST_P(FetchTest, AWriterMayFetchToo) {
  SetMmapSize(writer_, GetParam());
  for (int round = 0; round < 5; ++round) {
    writer_.Run("UPDATE t SET body = randomblob(8000 + id) WHERE id % 2 = 0");
    writer_.Run("DELETE FROM t WHERE id > 190");
    writer_.Run("PRAGMA incremental_vacuum");
    EXPECT_FALSE(IsCheckpointBusy(writer_, "TRUNCATE"));
    EXPECT_TRUE(All(writer_) == All(without_));
    writer_.Run("INSERT INTO t(body) SELECT randomblob(10000) FROM t LIMIT 10");
  }
  ExpectIntegrity(writer_);
}

INSTANTIATE_TEST_SUITE_P(MmapSizes, FetchTest,
                         testing::Values(0, 64 * kKiB, 100 * kKiB, 1024 * kKiB,
                                         65536 * kKiB));

TEST(FetchLimitsTest, ALimitIsThatOfOneConnection) {
  const PlainSqlite first = CreateFilled(kName, 10, 10'000);
  const PlainSqlite second = Connect(kName);
  SetMmapSize(first, 64 * kKiB);
  EXPECT_EQ(second.Int("PRAGMA mmap_size"), 0);
}

TEST(FetchLimitsTest, PagesOfEverySizeAreFetched) {
  for (int page_bytes = 512; page_bytes <= 65536; page_bytes *= 2) {
    const PlainSqlite db = Connect(kName, kCreate);
    db.Run("PRAGMA page_size = " + std::to_string(page_bytes));
    db.Run("PRAGMA journal_mode = WAL");
    SetMmapSize(db, 100 << 20);
    db.Run("CREATE TABLE t(body)");
    db.Run("INSERT INTO t VALUES (randomblob(1000000))");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    sqlite3_file* const file = FileOf(db);
    for (int64_t page = 0; page < db.Int("PRAGMA page_count"); ++page) {
      void* address = nullptr;
      file->pMethods->xFetch(file, page * page_bytes, page_bytes, &address);
      EXPECT_NE(address, nullptr) << page_bytes << ", page " << page;
      file->pMethods->xUnfetch(file, page * page_bytes, address);
    }
    ExpectIntegrity(db);
  }
}

}  // namespace
}  // namespace appcache::vfs::fetch_test
