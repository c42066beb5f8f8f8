// E7, the half about files that are not ours, or of a newer version: refused,
// with what to do about it, and left as they are to the last byte, with nothing
// made beside them.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "appcache/sqlite_cache.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/scratch.h"

namespace appcache::foreign_file_test {
namespace {

class ForeignFileTest : public testing::Test {
 protected:
  // The file as it is now is refused, and so are its neighbours left.
  void ExpectRefused(const std::string& words) {
    const auto before = scratch_.Files();
    ASSERT_TRUE(before.contains("some.db"));
    for (int attempts = 0; attempts < 2; ++attempts) {
      const SqliteCache::Opened cache = SqliteCache::OpenFile(file_);
      ASSERT_FALSE(cache.ok());
      EXPECT_EQ(cache.status().error().code, ErrorCode::kUnsupported)
          << cache.status().ToString();
      EXPECT_EQ(cache.status().error().message,
                "cannot open " + file_ + ": " + words);
    }
    const auto after = scratch_.Files();
    for (const auto& [name, bytes] : after) {
      EXPECT_TRUE(before.contains(name)) << name << " was left behind";
    }
    for (const auto& [name, bytes] : before) {
      const auto found = after.find(name);
      ASSERT_NE(found, after.end()) << name << " is gone";
      EXPECT_TRUE(found->second == bytes) << name << " was changed";
    }
  }

  const std::string kNotACache =
      "it is not an appcache, and is left unchanged; use another database";

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("some.db");
};

TEST_F(ForeignFileTest, TextIsRefused) {
  Scratch::WriteAll(file_, "# Notes\n\nNot a database.\n");
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, OneByteIsRefused) {
  Scratch::WriteAll(file_, "x");
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ALargeBinaryFileIsRefused) {
  Scratch::WriteAll(file_, std::string(100'000, '\0'));
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ADatabaseOfSomeoneElseIsRefused) {
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE people(name); INSERT INTO people VALUES ('Ada')");
  plain.Close();
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ADatabaseInWalModeOfSomeoneElseIsRefused) {
  PlainSqlite plain(file_);
  plain.Run(
      "PRAGMA journal_mode = WAL;"
      "CREATE TABLE people(name); INSERT INTO people VALUES ('Ada')");
  plain.Close();
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ADatabaseThatSomeoneElseIsUsingIsRefused) {
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE people(name); INSERT INTO people VALUES ('Ada')");
  plain.Run("BEGIN; INSERT INTO people VALUES ('Alan')");
  ExpectRefused(kNotACache);
  plain.Run("COMMIT");
}

TEST_F(ForeignFileTest, ADatabaseInWalModeThatSomeoneElseIsUsingIsRefused) {
  PlainSqlite plain(file_);
  plain.Run("PRAGMA journal_mode = WAL; CREATE TABLE people(name)");
  plain.Run("BEGIN; INSERT INTO people VALUES ('Alan')");
  ExpectRefused(kNotACache);
  plain.Run("COMMIT");
}

TEST_F(ForeignFileTest, TablesOfOurNamesAloneDoNotMakeACache) {
  PlainSqlite plain(file_);
  plain.Run(
      "CREATE TABLE entries(h); CREATE TABLE usage(h);"
      "CREATE TABLE meta(id)");
  plain.Close();
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, AnEmptyDatabaseWithAnApplicationIdIsRefused) {
  PlainSqlite plain(file_);
  plain.Run("PRAGMA application_id = 1234");
  plain.Close();
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ACacheUnderAnotherApplicationIdIsRefused) {
  ASSERT_TRUE(SqliteCache::OpenFile(file_).ok());
  PlainSqlite plain(file_);
  plain.Run("PRAGMA journal_mode = DELETE; PRAGMA application_id = 1234");
  plain.Close();
  std::filesystem::remove(file_ + "-lane");
  ExpectRefused(kNotACache);
}

TEST_F(ForeignFileTest, ADatabaseOfSomeoneElseWhereACacheWasIsRefused) {
  ASSERT_TRUE(SqliteCache::OpenFile(file_).ok());
  std::filesystem::remove(file_);
  std::filesystem::remove(file_ + "-wal");
  std::filesystem::remove(file_ + "-shm");
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE people(name); INSERT INTO people VALUES ('Ada')");
  plain.Close();
  ExpectRefused(kNotACache);
}

class NewerFileTest : public ForeignFileTest {
 protected:
  NewerFileTest() {
    EXPECT_TRUE(SqliteCache::OpenFile(file_).ok());
    std::filesystem::remove(file_ + "-lane");
  }

  void Change(const std::string& sql) {
    PlainSqlite plain(file_);
    plain.Run(sql);
    plain.Close();
  }

  const std::string kNewer =
      "it was written by a newer version of appcache; upgrade this program, or "
      "use another database";
  const std::string newer_ = std::to_string(store::kSchemaVersion + 1);
};

TEST_F(NewerFileTest, ANewerUserVersionIsRefused) {
  Change("PRAGMA user_version = " + newer_);
  ExpectRefused(kNewer);
}

TEST_F(NewerFileTest, ANewerSchemaVersionInMetaIsRefused) {
  Change("UPDATE meta SET schema_version = " + newer_);
  ExpectRefused(kNewer);
}

TEST_F(NewerFileTest, OneWithoutAnyTableOfOursIsRefused) {
  Change(
      "DROP TABLE entries; DROP TABLE usage; DROP TABLE meta;"
      "CREATE TABLE values_v2(k, v); PRAGMA user_version = " +
      newer_);
  ExpectRefused(kNewer);
}

TEST(EmptyFileTest, BecomesACache) {
  const Scratch scratch;
  const std::string file = scratch.Path("some.db");
  Scratch::WriteAll(file, "");
  {
    const SqliteCache::Opened cache = SqliteCache::OpenFile(file);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    EXPECT_TRUE((*cache)->backend()->SetRaw("path", "value", kNoTtl).ok());
  }
  const SqliteCache::Opened cache = SqliteCache::OpenFile(file);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  EXPECT_EQ((*cache)->backend()->GetRaw("path")->view(), "value");
}

TEST(EmptyFileTest, SoDoesADatabaseWithoutTables) {
  const Scratch scratch;
  const std::string file = scratch.Path("some.db");
  PlainSqlite plain(file);
  plain.Run("CREATE TABLE t(x); DROP TABLE t; VACUUM");
  plain.Close();
  const SqliteCache::Opened cache = SqliteCache::OpenFile(file);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  EXPECT_TRUE((*cache)->backend()->SetRaw("path", "value", kNoTtl).ok());
}

}  // namespace
}  // namespace appcache::foreign_file_test
