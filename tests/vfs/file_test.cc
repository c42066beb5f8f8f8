// The bytes of a file of the heap VFS: short reads, sizes, and their limits.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <string>

#include "engine/vfs/chunk_memory.h"
#include "engine/vfs/heap_storage.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::file_test {
namespace {

constexpr sqlite3_int64 kGiB = sqlite3_int64{1} << 30;
constexpr char kName[] = "file";
constexpr int kLog = SQLITE_OPEN_WAL | kCreate;

std::string Zeros(size_t bytes) { return std::string(bytes, '\0'); }

// The parameter: the database or its log.
class FileTest : public testing::TestWithParam<bool> {
 protected:
  RawFile database_{kName};
  RawFile log_{kName, kLog};
  RawFile& file_ = GetParam() ? log_ : database_;
};

TEST_P(FileTest, AReadBeyondTheEndIsShortAndFillsWithZeros) {
  ASSERT_EQ(file_.Write(0, "0123456789"), SQLITE_OK);
  EXPECT_EQ(file_.Read(8, 5, SQLITE_IOERR_SHORT_READ), "89" + Zeros(3));
  EXPECT_EQ(file_.Read(10, 4, SQLITE_IOERR_SHORT_READ), Zeros(4));
  EXPECT_EQ(file_.Read(4096, 4, SQLITE_IOERR_SHORT_READ), Zeros(4));
  EXPECT_EQ(file_.Read(std::numeric_limits<sqlite3_int64>::max() - 4, 4,
                       SQLITE_IOERR_SHORT_READ),
            Zeros(4));
}

TEST_P(FileTest, AnEmptyFileReadsAsZeros) {
  EXPECT_EQ(file_.Size(), 0);
  EXPECT_EQ(file_.Read(0, 100, SQLITE_IOERR_SHORT_READ), Zeros(100));
}

TEST_P(FileTest, AReadMayBeShorterThanAPageAndBeginAnywhere) {
  ASSERT_EQ(file_.Write(0, std::string(4096, 'a')), SQLITE_OK);
  ASSERT_EQ(file_.Write(4096, std::string(4096, 'b')), SQLITE_OK);
  EXPECT_EQ(file_.Read(4095, 2), "ab");
  EXPECT_EQ(file_.Read(24, 16), std::string(16, 'a'));
  EXPECT_EQ(file_.Read(4, 1), "a");
}

TEST_P(FileTest, AWriteMayChangeAPartOfAPage) {
  ASSERT_EQ(file_.Write(0, std::string(4096, 'a')), SQLITE_OK);
  ASSERT_EQ(file_.Write(10, "bb"), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 4096);
  EXPECT_EQ(file_.Read(9, 4), "abba");
}

TEST_P(FileTest, TheSizeAfterTruncationIsTheOneAskedFor) {
  ASSERT_EQ(file_.Write(0, std::string(40960, 'a')), SQLITE_OK);
  ASSERT_EQ(file_.Truncate(8192), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 8192);
  ASSERT_EQ(file_.Write(4096, std::string(4096, 'b')), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 8192);
  ASSERT_EQ(file_.Truncate(0), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 0);
}

TEST_P(FileTest, AFileMayBeTruncatedInsideAPage) {
  ASSERT_EQ(file_.Write(0, std::string(8192, 'a')), SQLITE_OK);
  ASSERT_EQ(file_.Truncate(4097), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 4097);
  EXPECT_EQ(file_.Read(4096, 4096, SQLITE_IOERR_SHORT_READ), "a" + Zeros(4095));
}

TEST_P(FileTest, TruncatedBytesAreZeroWhenTheFileGrowsAgain) {
  ASSERT_EQ(file_.Write(0, std::string(8192, 'a')), SQLITE_OK);
  ASSERT_EQ(file_.Truncate(100), SQLITE_OK);
  ASSERT_EQ(file_.Write(8191, "b"), SQLITE_OK);
  EXPECT_EQ(file_.Read(99, 8093), "a" + Zeros(8091) + "b");
}

TEST_P(FileTest, OffsetsOfManyGigabytesAreDifferentBytes) {
  // The page of the pending byte, where 32-bit offsets meet it again, and the
  // limits of 31 and 32 bits.
  const sqlite3_int64 offsets[] = {0,        1 * kGiB, 2 * kGiB, 4 * kGiB,
                                   5 * kGiB, 8 * kGiB, 9 * kGiB, 64 * kGiB};
  for (const sqlite3_int64 at : offsets) {
    ASSERT_EQ(file_.Write(at, "bytes at " + std::to_string(at)), SQLITE_OK);
    EXPECT_EQ(file_.Size(), at + 9 + std::ssize(std::to_string(at)));
  }
  for (const sqlite3_int64 at : offsets) {
    const std::string expected = "bytes at " + std::to_string(at);
    EXPECT_EQ(file_.Read(at, expected.size()), expected);
  }
  EXPECT_EQ(file_.Read(3 * kGiB, 4), Zeros(4));
  const MemoryUse use = MemoryUseOf(kName).value();
  EXPECT_EQ(use.database_bytes + use.log_bytes, 8 * kChunkBytes);
  ASSERT_EQ(file_.Truncate(5 * kGiB + 5), SQLITE_OK);
  EXPECT_EQ(file_.Size(), 5 * kGiB + 5);
  EXPECT_EQ(file_.Read(5 * kGiB, 10, SQLITE_IOERR_SHORT_READ),
            "bytes" + Zeros(5));
  EXPECT_EQ(file_.Read(4 * kGiB, 5), "bytes");
}

TEST_P(FileTest, ASizeBeyondTheLimitIsFullAndChangesNothing) {
  constexpr auto kMax = static_cast<sqlite3_int64>(HeapStorage::kMaxBytes);
  ASSERT_EQ(file_.Write(0, "old"), SQLITE_OK);
  EXPECT_EQ(file_.Write(kMax - 1, "xy"), SQLITE_FULL);
  EXPECT_EQ(file_.Write(kMax, "x"), SQLITE_FULL);
  EXPECT_EQ(file_.Write(std::numeric_limits<sqlite3_int64>::max() - 1, "xy"),
            SQLITE_FULL);
  EXPECT_EQ(file_.Truncate(kMax + 1), SQLITE_FULL);
  EXPECT_EQ(file_.Truncate(std::numeric_limits<sqlite3_int64>::max()),
            SQLITE_FULL);
  EXPECT_EQ(file_.Size(), 3);
  EXPECT_EQ(file_.Read(0, 3), "old");
  EXPECT_EQ(file_.Truncate(kMax), SQLITE_OK);
  EXPECT_EQ(file_.Size(), kMax);
}

TEST_P(FileTest, AWriteWithoutMemoryFailsAndChangesNothing) {
  ASSERT_EQ(file_.Write(0, "old"), SQLITE_OK);
  SetChunkFailure([] { return true; });
  EXPECT_EQ(file_.Write(0, "new" + Zeros(kChunkBytes)), SQLITE_IOERR_NOMEM);
  SetChunkFailure(nullptr);
  EXPECT_EQ(file_.Size(), 3);
  EXPECT_EQ(file_.Read(0, 3), "old");
}

INSTANTIATE_TEST_SUITE_P(Parts, FileTest, testing::Bool(),
                         [](const auto& tested) {
                           return tested.param ? "Log" : "Database";
                         });

TEST(FilesTest, TheDatabaseAndItsLogAreDifferentBytes) {
  RawFile database(kName);
  RawFile log(kName, kLog);
  ASSERT_EQ(database.Write(0, "database"), SQLITE_OK);
  ASSERT_EQ(log.Write(0, "log"), SQLITE_OK);
  EXPECT_EQ(database.Read(0, 8), "database");
  EXPECT_EQ(log.Size(), 3);
}

TEST(FilesTest, AllOpenersOfANameShareItsBytes) {
  RawFile first(kName);
  RawFile second(kName);
  ASSERT_EQ(first.Write(0, "first"), SQLITE_OK);
  EXPECT_EQ(second.Read(0, 5), "first");
}

TEST(FilesTest, AReadOnlyFileRefusesToChange) {
  RawFile writable(kName);
  ASSERT_EQ(writable.Write(0, "old"), SQLITE_OK);
  RawFile file(kName, SQLITE_OPEN_MAIN_DB | kReadOnly);
  EXPECT_EQ(file.Write(0, "new"), SQLITE_READONLY);
  EXPECT_EQ(file.Truncate(0), SQLITE_READONLY);
  EXPECT_EQ(file.Read(0, 3), "old");
}

TEST(FilesTest, AJournalFileIsRefused) {
  const RawFile database(kName);
  EXPECT_EQ(RawFile(kName, SQLITE_OPEN_MAIN_JOURNAL | kCreate).open_code(),
            SQLITE_CANTOPEN);
  const PlainSqlite db = Connect("journal", kCreate);
  db.Run("PRAGMA journal_mode = DELETE");
  EXPECT_EQ(db.TryRun("CREATE TABLE t(x)"), SQLITE_CANTOPEN);
  db.Run("PRAGMA journal_mode = MEMORY");
  db.Run("CREATE TABLE t(x)");
}

}  // namespace
}  // namespace appcache::vfs::file_test
