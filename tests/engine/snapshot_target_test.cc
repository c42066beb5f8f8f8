// Snapshot: what it replaces and what it does not, and what it leaves behind.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/without_privileges.h"
#include "tests/support/captured_log.h"

namespace appcache::snapshot_target_test {
namespace {

using std::filesystem::perms;

class SnapshotTargetTest : public testing::Test {
 protected:
  SnapshotTargetTest() : cache_(Must(SqliteCache::OpenInMemory({}, "source"))) {
    Set(*cache_, "new");
  }
  ~SnapshotTargetTest() override {
    // So that it can be removed.
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
  }

  // A cache file with one entry, closed.
  void MakeCache() { Set(*Must(SqliteCache::OpenFile(file_)), "old"); }

  void ExpectWritten() {
    const Status status = cache_->Snapshot(file_);
    ASSERT_TRUE(status.ok()) << status.ToString();
    ExpectNothingBeside();
    EXPECT_EQ(PlainSqlite(file_).Rows("SELECT key FROM entries"),
              Strings{"new"});
    EXPECT_EQ(PathsIn(*Must(SqliteCache::OpenFile(file_))), StringSet{"new"});
  }

  // No file but the snapshot and the lock file of an earlier cache.
  void ExpectNothingBeside() {
    for (const auto& [name, bytes] : scratch_.Files()) {
      EXPECT_TRUE(name == "some.db" || name == "some.db-lane") << name;
    }
  }

  // All files with their bytes; the index of a log has no contents of its own.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files = scratch_.Files();
    const auto index = files.find("some.db-shm");
    if (index != files.end()) index->second.clear();
    return files;
  }

  // Fails, and changes no byte of any file.
  void ExpectRefused(ErrorCode code, const std::string& words) {
    const std::map<std::string, std::string> before = Files();
    for (int i = 0; i < 2; ++i) {
      const Status status = cache_->Snapshot(file_);
      EXPECT_TRUE(status.Is(code)) << status.ToString();
      EXPECT_NE(status.ToString().find(words), std::string::npos)
          << status.ToString();
      EXPECT_TRUE(Files() == before);
    }
  }

  const std::string kNotACache =
      "it is not an appcache, and is left unchanged; use another database";

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("some.db");
  const std::unique_ptr<SqliteCache> cache_;
};

TEST_F(SnapshotTargetTest, ANewFileIsCreated) { ExpectWritten(); }

TEST_F(SnapshotTargetTest, AnEmptyFileIsReplaced) {
  Scratch::WriteAll(file_, "");
  ExpectWritten();
}

TEST_F(SnapshotTargetTest, AClosedCacheIsReplaced) {
  MakeCache();
  ASSERT_TRUE(scratch_.Files().contains("some.db-lane"));
  ExpectWritten();
}

// As after kill -9.
TEST_F(SnapshotTargetTest, ACacheWithALogIsReplacedTogetherWithItsLog) {
  const std::string live = scratch_.Path("live.db");
  {
    const auto source = Must(SqliteCache::OpenFile(live));
    Set(*source, "old");
    std::filesystem::copy(live, file_);
    std::filesystem::copy(live + "-wal", file_ + "-wal");
  }
  for (const char* const suffix : {"", "-wal", "-shm", "-lane"}) {
    std::filesystem::remove(live + suffix);
  }
  ASSERT_GT(std::filesystem::file_size(file_ + "-wal"), 0u);
  ExpectWritten();
}

// A log that SQLite would apply to the new file.
TEST_F(SnapshotTargetTest, AStaleLogWithoutADatabaseDoesNotGetIntoIt) {
  const std::string live = scratch_.Path("live.db");
  {
    SqliteCacheOptions options;
    options.hash_seed = 7;
    const auto source = Must(SqliteCache::OpenFile(live, options));
    Set(*source, "old");
    std::filesystem::copy(live + "-wal", file_ + "-wal");
  }
  for (const char* const suffix : {"", "-wal", "-shm", "-lane"}) {
    std::filesystem::remove(live + suffix);
  }
  Scratch::WriteAll(file_ + "-shm", "stale");
  ExpectWritten();
}

TEST_F(SnapshotTargetTest, ASuspicionAboutTheOldFileIsNotAboutTheNewOne) {
  MakeCache();
  Scratch::WriteAll(file_ + "-suspect", "");
  ExpectWritten();
}

TEST_F(SnapshotTargetTest, AReaderOfTheOldSnapshotGoesOnReadingIt) {
  const auto old = Must(SqliteCache::OpenInMemory({}, "old"));
  for (int i = 0; i < 300; ++i) Set(*old, std::to_string(i));
  ASSERT_TRUE(old->Snapshot(file_).ok());
  const PlainSqlite reader(file_);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(reader.get(), "SELECT key FROM entries", -1,
                               &statement, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  ExpectWritten();
  for (int i = 1; i < 300; ++i) ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
  sqlite3_finalize(statement);
}

TEST_F(SnapshotTargetTest, TextIsUnsupported) {
  Scratch::WriteAll(file_, "# Notes\n\nNot a database.\n");
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(SnapshotTargetTest, OneByteIsUnsupported) {
  Scratch::WriteAll(file_, "x");
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(SnapshotTargetTest, ADatabaseOfSomeoneElseIsUnsupported) {
  for (const char* const mode : {"DELETE", "WAL"}) {
    SCOPED_TRACE(mode);
    PlainSqlite plain(file_);
    plain.Run(std::string("PRAGMA journal_mode = ") + mode);
    plain.Run(
        "CREATE TABLE IF NOT EXISTS people(name);"
        "INSERT INTO people VALUES ('Ada')");
    plain.Close();
    ExpectRefused(ErrorCode::kUnsupported, kNotACache);
  }
}

TEST_F(SnapshotTargetTest, ADatabaseThatSomeoneElseIsUsingIsUnsupported) {
  PlainSqlite plain(file_);
  plain.Run(
      "PRAGMA journal_mode = WAL; CREATE TABLE people(name);"
      "INSERT INTO people VALUES ('Ada')");
  // Reads the file without the locks that it would release by closing it.
  const Status status = cache_->Snapshot(file_);
  EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
  plain.Run("INSERT INTO people VALUES ('Alan')");
  EXPECT_EQ(plain.Int("SELECT count(*) FROM people"), 2);
}

TEST_F(SnapshotTargetTest, AnEmptyDatabaseOfSomeoneElseIsUnsupported) {
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE t(x); DROP TABLE t");
  plain.Close();
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(SnapshotTargetTest, ACacheOfANewerVersionIsUnsupported) {
  MakeCache();
  PlainSqlite plain(file_);
  plain.Run("PRAGMA user_version = " +
            std::to_string(store::kSchemaVersion + 1));
  plain.Close();
  ExpectRefused(ErrorCode::kUnsupported, "newer version of appcache");
}

TEST_F(SnapshotTargetTest, ADamagedCacheIsCorrupt) {
  MakeCache();
  Scratch::Overwrite(file_, 100, std::string(3996, '\x5a'));
  ExpectRefused(ErrorCode::kCorrupt, "it is damaged");
}

TEST_F(SnapshotTargetTest, ACacheWithoutATableIsCorrupt) {
  MakeCache();
  PlainSqlite plain(file_);
  plain.Run("DROP TABLE usage");
  plain.Close();
  ExpectRefused(ErrorCode::kCorrupt, "it is damaged");
}

// The cache that is copied is sound.
TEST_F(SnapshotTargetTest, DamageOfTheTargetIsNotThatOfTheCache) {
  MakeCache();
  Scratch::Overwrite(file_, 100, std::string(3996, '\x5a'));
  CapturedLog log;
  SqliteCacheOptions options;
  options.cache = log.options();
  const std::string own = scratch_.Path("own.db");
  const auto cache = Must(SqliteCache::OpenFile(own, options));
  EXPECT_TRUE(cache->Snapshot(file_).Is(ErrorCode::kCorrupt));
  EXPECT_FALSE(std::filesystem::exists(own + "-suspect"));
  EXPECT_EQ(log.lines(), Strings());
}

TEST_F(SnapshotTargetTest, AFileThatIsOpenAsACacheIsBusy) {
  const auto open = Must(SqliteCache::OpenFile(file_));
  Set(*open, "old");
  const Status status = cache_->Snapshot(file_);
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_NE(status.ToString().find("this process has " + file_ +
                                   " open as a cache; close it, or use another"
                                   " path"),
            std::string::npos)
      << status.ToString();
  Set(*open, "another");
  EXPECT_EQ(PathsIn(*open), (StringSet{"another", "old"}));
  EXPECT_EQ(ProblemsIn(*open), Strings());
}

TEST_F(SnapshotTargetTest, TheFileOfTheCacheItselfIsBusy) {
  const auto own = Must(SqliteCache::OpenFile(file_));
  Set(*own, "old");
  const std::string link = scratch_.Path("link.db");
  std::filesystem::create_symlink(file_, link);
  for (const std::string& path : {file_, link}) {
    const Status status = own->Snapshot(path);
    EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  }
  Set(*own, "another");
  EXPECT_EQ(PathsIn(*own), (StringSet{"another", "old"}));
}

// The registry of this process does not know it.
TEST_F(SnapshotTargetTest, ACacheThatAnotherConnectionUsesIsBusy) {
  MakeCache();
  const PlainSqlite other(file_);
  ASSERT_EQ(other.Int("SELECT count(*) FROM entries"), 1);
  const Status status = cache_->Snapshot(file_);
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_EQ(other.Rows("SELECT key FROM entries"), Strings{"old"});
}

TEST_F(SnapshotTargetTest, AMissingDirectoryIsUnavailable) {
  const std::string file = scratch_.Path("no/such/some.db");
  const Status status = cache_->Snapshot(file);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("cannot create a snapshot beside " + file +
                                   ": No such file or directory"),
            std::string::npos)
      << status.ToString();
}

TEST_F(SnapshotTargetTest, ADirectoryInItsPlaceIsUnavailable) {
  const std::string file = scratch_.Path("directory");
  std::filesystem::create_directory(file);
  const Status status = cache_->Snapshot(file);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find(file + ": Is a directory"),
            std::string::npos)
      << status.ToString();
  std::filesystem::remove(file);
  EXPECT_EQ(scratch_.Files().size(), 0u);
}

TEST_F(SnapshotTargetTest, ADirectoryThatIsReadOnlyIsUnavailable) {
  MakeCache();
  std::filesystem::permissions(scratch_.directory(),
                               perms::owner_read | perms::owner_exec);
  const WithoutPrivileges without;
  ExpectRefused(ErrorCode::kUnavailable, "cannot create a snapshot beside " +
                                             file_ + ": Permission denied");
}

TEST_F(SnapshotTargetTest, AFileThatIsReadOnlyIsReplacedAndStaysSo) {
  MakeCache();
  std::filesystem::permissions(
      file_, perms::owner_read | perms::group_read | perms::others_read);
  {
    const WithoutPrivileges without;
    const Status status = cache_->Snapshot(file_);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            perms::owner_read | perms::group_read | perms::others_read);
  ExpectNothingBeside();
  EXPECT_EQ(PlainSqlite(file_).Rows("SELECT key FROM entries"), Strings{"new"});
}

TEST_F(SnapshotTargetTest, APathThatNamesNoFileIsAnInvalidArgument) {
  for (const std::string& path : {std::string(), std::string("a\0b", 3)}) {
    const Status status = cache_->Snapshot(path);
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  }
}

}  // namespace
}  // namespace appcache::snapshot_target_test
