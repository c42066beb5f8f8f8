// The file system of the fault tests does fail, when and as a test says.

#include "tests/fault/faulty_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace appcache::faulty_vfs_test {
namespace {

class FaultyVfsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &db_,
                              SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              vfs_.name().c_str()),
              SQLITE_OK);
    sqlite3_extended_result_codes(db_, 1);
    ASSERT_EQ(Run("PRAGMA journal_mode = WAL; CREATE TABLE t(x)"), SQLITE_OK);
  }
  void TearDown() override {
    vfs_.Heal();
    sqlite3_close(db_);
  }

  int Run(const char* sql) {
    return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  }
  int Insert() { return Run("INSERT INTO t VALUES (zeroblob(3000))"); }
  uint64_t LogBytes() { return std::filesystem::file_size(path_ + "-wal"); }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/some.db";
  FaultyVfs vfs_{"vfs under test"};
  sqlite3* db_ = nullptr;
};

TEST_F(FaultyVfsTest, FailsTheNthCallOnceAndSaysSo) {
  vfs_.Inject({VfsCall::kWrite, SQLITE_IOERR_WRITE, /*first=*/2});
  EXPECT_EQ(Insert(), SQLITE_IOERR_WRITE);
  EXPECT_EQ(vfs_.injected(), 1u);
  EXPECT_EQ(vfs_.log(), "write 2 of some.db-wal failed with 778\n");
  EXPECT_EQ(Insert(), SQLITE_OK);
  EXPECT_EQ(vfs_.injected(), 1u);
}

TEST_F(FaultyVfsTest, FailsForEverUntilItIsHealed) {
  vfs_.Inject({VfsCall::kWrite, SQLITE_FULL, 1, VfsFault::kForEver});
  EXPECT_EQ(Insert(), SQLITE_FULL);
  EXPECT_EQ(Insert(), SQLITE_FULL);
  EXPECT_EQ(vfs_.injected(), 2u);
  vfs_.Heal();
  EXPECT_EQ(Insert(), SQLITE_OK);
}

TEST_F(FaultyVfsTest, FailsCallsOfTheOneKindOnly) {
  vfs_.Inject({VfsCall::kShmLock, SQLITE_IOERR_SHMLOCK});
  EXPECT_EQ(Insert(), SQLITE_IOERR_SHMLOCK);
  vfs_.Inject({VfsCall::kDelete, SQLITE_IOERR_DELETE});
  EXPECT_EQ(Insert(), SQLITE_OK);
  EXPECT_EQ(vfs_.injected(), 0u);
}

TEST_F(FaultyVfsTest, ATornWriteWritesHalf) {
  const uint64_t before = LogBytes();
  vfs_.Inject({VfsCall::kWrite, SQLITE_IOERR_WRITE, 1, 1, /*torn=*/false});
  EXPECT_EQ(Insert(), SQLITE_IOERR_WRITE);
  EXPECT_EQ(LogBytes(), before);
  // The second write of a frame is its page.
  vfs_.Inject({VfsCall::kWrite, SQLITE_IOERR_WRITE, 2, 1, /*torn=*/true});
  EXPECT_EQ(Insert(), SQLITE_IOERR_WRITE);
  EXPECT_EQ(LogBytes(), before + 24 + 2048);
}

TEST_F(FaultyVfsTest, FilesDoNotGrowBeyondTheLimit) {
  const uint64_t limit = vfs_.bytes() + 20'000;
  vfs_.LimitBytes(limit);
  int rc = SQLITE_OK;
  for (int i = 0; rc == SQLITE_OK && i < 100; ++i) rc = Insert();
  EXPECT_EQ(rc, SQLITE_FULL);
  EXPECT_LE(vfs_.bytes(), limit);
  EXPECT_EQ(vfs_.bytes(), std::filesystem::file_size(path_) + LogBytes());
  vfs_.LiftLimit();
  EXPECT_EQ(Insert(), SQLITE_OK);
}

}  // namespace
}  // namespace appcache::faulty_vfs_test
