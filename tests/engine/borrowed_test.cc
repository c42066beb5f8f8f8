// OpenOn: a cache on a connection of the caller's.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::borrowed_test {
namespace {

class BorrowedTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(uint64_t max_entries = 10'000) {
    SqliteCacheOptions options;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenOn(connection_.get(), options));
  }

  const PlainSqlite connection_;
};

TEST_F(BorrowedTest, WorksOnItAsOnAnyOther) {
  const auto cache = Open(2);
  for (const char* const path : {"a", "b"}) Set(*cache, path);
  EXPECT_EQ(Get(*cache, "a"), "value");
  Set(*cache, "c");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c"}));
  ASSERT_TRUE(cache->backend()->InvalidateRaw("a").ok());
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  ASSERT_TRUE(cache->Clear().ok());
  EXPECT_EQ(cache->Stats().entries, 0u);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(BorrowedTest, AnyEncodingOfTextWorks) {
  connection_.Run("PRAGMA encoding = 'UTF-16'");
  Set(*Open(), "a");
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(BorrowedTest, TheCallersTablesAndSettingsAreLeftAlone) {
  connection_.Run(
      "PRAGMA secure_delete = ON; PRAGMA user_version = 7;"
      "PRAGMA application_id = 8; PRAGMA cache_size = 123;"
      "CREATE TABLE people(name); INSERT INTO people VALUES ('Ada')");
  int busy_calls = 0;
  sqlite3_busy_handler(
      connection_.get(),
      [](void* calls, int) {
        ++*static_cast<int*>(calls);
        return 0;
      },
      &busy_calls);
  {
    const auto cache = Open();
    Set(*cache, "a");
    ASSERT_TRUE(cache->Clear().ok());
  }
  EXPECT_EQ(connection_.Rows("SELECT * FROM people"), Strings{"Ada"});
  EXPECT_EQ(connection_.Int("PRAGMA secure_delete"), 1);
  EXPECT_EQ(connection_.Int("PRAGMA user_version"), 7);
  EXPECT_EQ(connection_.Int("PRAGMA application_id"), 8);
  EXPECT_EQ(connection_.Int("PRAGMA cache_size"), 123);
  EXPECT_EQ(connection_.Text("PRAGMA journal_mode"), "memory");
}

TEST_F(BorrowedTest, TheCallersBusyHandlerStaysInPlace) {
  const Scratch scratch;
  const PlainSqlite mine(scratch.Path("mine.db"));
  int calls = 0;
  sqlite3_busy_handler(
      mine.get(),
      [](void* calls, int) {
        ++*static_cast<int*>(calls);
        return 0;
      },
      &calls);
  const auto cache = Must(SqliteCache::OpenOn(mine.get()));
  Set(*cache, "a");
  const PlainSqlite other(scratch.Path("mine.db"));
  other.Run("BEGIN EXCLUSIVE");
  const Status status = cache->backend()->SetRaw("b", "value", kNoTtl);
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_GT(calls, 0);
  other.Run("COMMIT");
  Set(*cache, "b");
}

TEST_F(BorrowedTest, TheConnectionIsUsableAfterwards) {
  {
    const auto cache = Open();
    Set(*cache, "a");
    Get(*cache, "a");
    ASSERT_TRUE(cache->Close().ok());
    EXPECT_NE(Get(*cache, "a"), "value");
    EXPECT_EQ(connection_.Int("SELECT count(*) FROM entries"), 1);
  }
  connection_.Run("CREATE TABLE people(name)");
  // What it held is there for the next one; and PlainSqlite's sqlite3_close
  // fails if a statement was left behind.
  EXPECT_EQ(Get(*Open(), "a"), "value");
}

TEST_F(BorrowedTest, UsesReachItWithClose) {
  {
    const auto cache = Open(2);
    for (const char* const path : {"a", "b"}) Set(*cache, path);
    Get(*cache, "a");
  }
  const auto cache = Open(2);
  Set(*cache, "c");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c"}));
}

TEST_F(BorrowedTest, TablesOfThoseNamesThatAreNotACachesAreRefused) {
  for (const char* const table : {"entries", "usage", "meta"}) {
    SCOPED_TRACE(table);
    connection_.Run(std::string("CREATE TABLE ") + table + "(mine)");
    const SqliteCache::Opened cache = SqliteCache::OpenOn(connection_.get());
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.status().error().code, ErrorCode::kUnsupported);
    EXPECT_NE(cache.status().error().message.find("it is not an appcache"),
              std::string::npos)
        << cache.status().ToString();
    EXPECT_EQ(connection_.Rows("SELECT name FROM sqlite_schema"),
              Strings{table});
    connection_.Run(std::string("DROP TABLE ") + table);
  }
}

TEST_F(BorrowedTest, ANewerLayoutIsRefused) {
  Open();
  connection_.Run("UPDATE meta SET schema_version = schema_version + 1");
  const SqliteCache::Opened cache = SqliteCache::OpenOn(connection_.get());
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.status().error().code, ErrorCode::kUnsupported);
}

TEST_F(BorrowedTest, TablesOfAnAttachedDatabaseAreNotTaken) {
  connection_.Run(
      "ATTACH ':memory:' AS other; CREATE TABLE other.entries(mine);"
      "CREATE TABLE other.usage(mine); CREATE TABLE other.meta(mine)");
  const auto cache = Open();
  Set(*cache, "a");
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM main.entries"), 1);
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM other.entries"), 0);
}

TEST_F(BorrowedTest, ANullConnectionIsAnInvalidArgument) {
  const SqliteCache::Opened cache = SqliteCache::OpenOn(nullptr);
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.status().error().code, ErrorCode::kInvalidArgument);
}

TEST_F(BorrowedTest, AReadOnlyConnectionIsUnavailable) {
  const Scratch scratch;
  const std::string file = scratch.Path("mine.db");
  PlainSqlite(file).Run("CREATE TABLE people(name)");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  const PlainSqlite connection(db);
  const Status status = SqliteCache::OpenOn(db).status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
}

// Two on one connection are as two processes on one file: each sees what the
// other writes, the limits hold; only uses that the other has not flushed yet
// are unknown.
TEST_F(BorrowedTest, TwoOnOneConnectionSeeEachOthersWrites) {
  const auto first = Open(3);
  const auto second = Open(3);
  Set(*first, "a");
  EXPECT_EQ(Get(*second, "a"), "value");
  Set(*second, "a", "another");
  EXPECT_EQ(Get(*first, "a"), "another");
  for (int i = 0; i < 20; ++i) {
    Set(i % 2 == 0 ? *first : *second, std::to_string(i));
    EXPECT_LE(*first->Stats().entries, 3u);
  }
  EXPECT_EQ(PathsIn(*second), (StringSet{"17", "18", "19"}));
  Get(*first, "17");
  ASSERT_TRUE(first->Flush().ok());
  Set(*second, "20");
  EXPECT_EQ(PathsIn(*first), (StringSet{"17", "19", "20"}));
  ASSERT_TRUE(first->Close().ok());
  EXPECT_EQ(Get(*second, "17"), "value");
  EXPECT_EQ(ProblemsIn(*second), Strings());
}

}  // namespace
}  // namespace appcache::borrowed_test
