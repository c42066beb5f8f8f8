// The vacuum mode of a database: a Clear returns space at its commit, and later
// commits do not.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/temp_dir.h"

namespace appcache::vacuum_mode_test {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void RunSql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
}

// Settings that a connection makes for itself must not reach the file.
TEST(VacuumModeTest, OfSomeoneElsesDatabaseIsLeftAsItIs) {
  const TempDir directory;
  for (const char* const mode : {"NONE", "FULL", "INCREMENTAL"}) {
    const std::string path = directory.path() + "/" + mode + ".db";
    const std::string sql = std::string("PRAGMA auto_vacuum = ") + mode +
                            "; CREATE TABLE t(x); INSERT INTO t VALUES (1);";
    RunSql(path, sql.c_str());
    const std::string before = ReadFile(path);
    ASSERT_FALSE(before.empty());

    const auto opened = SqliteCache::OpenFile(path);
    EXPECT_TRUE(opened.status().Is(ErrorCode::kUnsupported))
        << opened.status().ToString();
    EXPECT_TRUE(ReadFile(path) == before) << mode;
    EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(path + "-lane"));
  }
}

int64_t ModeOf(const std::string& path) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  int64_t mode = -1;
  if (sqlite3_open(path.c_str(), &db) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "PRAGMA auto_vacuum", -1, &statement, nullptr) ==
          SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    mode = sqlite3_column_int64(statement, 0);
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return mode;
}

constexpr int64_t kNone = 0;
constexpr int64_t kFull = 1;
constexpr int64_t kIncremental = 2;

class ClearedFileTest : public testing::Test {
 protected:
  void Open() {
    SqliteCacheOptions options;
    options.vfs = disk_.name();
    options.busy_timeout = std::chrono::milliseconds(0);
    auto opened = SqliteCache::OpenFile(path_, options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
  }

  // Of the file itself.
  int64_t Mode() {
    EXPECT_TRUE(cache_->Flush().ok());
    return ModeOf(path_);
  }

  void Fill() {
    for (int i = 0; i < 20; ++i) {
      const Status status =
          cache_->SetByStr(std::to_string(i), std::string(5000, 'v'));
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    ASSERT_TRUE(cache_->Flush().ok());
  }

  FaultyVfs disk_{"failing disk"};
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(ClearedFileTest, IsIncrementalAfterAClearAndSmall) {
  Open();
  EXPECT_EQ(Mode(), kIncremental);
  Fill();
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(Mode(), kIncremental);
  EXPECT_LE(std::filesystem::file_size(path_), 65'536u);
}

// At each of its writes.
TEST_F(ClearedFileTest, IsIncrementalAfterAClearThatFailed) {
  Open();
  int failed = 0;
  for (const uint64_t failures : {uint64_t{1}, VfsFault::kForEver}) {
    bool injected = true;
    for (uint64_t first = 1; injected && !HasFailure(); ++first) {
      SCOPED_TRACE(first);
      Fill();
      disk_.Inject({VfsCall::kWrite, SQLITE_IOERR_WRITE, first, failures});
      failed += cache_->Clear().ok() ? 0 : 1;
      disk_.Heal();
      injected = disk_.injected() > 0;
      // What could not be written is written by the next change.
      ASSERT_TRUE(cache_->SetByStr<std::string>("key", "value").ok());
      EXPECT_EQ(Mode(), kIncremental);
    }
  }
  EXPECT_GT(failed, 0);
}

TEST_F(ClearedFileTest, KeepsItsPagesAfterAClearThatFailed) {
  Open();
  Fill();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(cache_->InvalidateByStr(std::to_string(i)).ok());
  }
  ASSERT_TRUE(cache_->Flush().ok());
  const auto bytes = std::filesystem::file_size(path_);
  disk_.Inject({VfsCall::kWrite, SQLITE_IOERR_WRITE});
  ASSERT_FALSE(cache_->Clear().ok());
  disk_.Heal();
  ASSERT_TRUE(cache_->SetByStr<std::string>("key", "value").ok());
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(std::filesystem::file_size(path_), bytes);
}

// A process was killed during a Clear.
TEST_F(ClearedFileTest, IsIncrementalOnceItIsOpened) {
  Open();
  Fill();
  cache_.reset();
  RunSql(path_, "PRAGMA auto_vacuum = FULL");
  ASSERT_EQ(ModeOf(path_), kFull);
  Open();
  EXPECT_EQ(Mode(), kIncremental);
  EXPECT_EQ(cache_->Stats().entries, 20u);
}

// Of a file that an earlier version or another program has made.
TEST_F(ClearedFileTest, WithoutAVacuumModeKeepsNone) {
  Open();
  Fill();
  cache_.reset();
  RunSql(path_,
         "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
  ASSERT_EQ(ModeOf(path_), kNone);
  Open();
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(Mode(), kNone);
  Fill();
  EXPECT_EQ(Mode(), kNone);
}

// The space of a borrowed database is its owner's matter.
TEST(ClearedConnectionTest, KeepsTheModeOfItsOwner) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(db, "PRAGMA auto_vacuum = FULL", nullptr, nullptr, nullptr),
      SQLITE_OK);
  {
    const auto cache = SqliteCache::OpenOn(db);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    ASSERT_TRUE((*cache)->SetByStr<std::string>("key", "value").ok());
    ASSERT_TRUE((*cache)->Clear().ok());
  }
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(
      sqlite3_prepare_v2(db, "PRAGMA auto_vacuum", -1, &statement, nullptr),
      SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int64(statement, 0), kFull);
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

}  // namespace
}  // namespace appcache::vacuum_mode_test
