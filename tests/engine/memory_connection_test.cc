// ConnectInMemory: SQL on the live database in memory.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache::memory_connection_test {
namespace {

PlainSqlite Connect(std::string_view name) {
  const Result<sqlite3*> connection = SqliteCache::ConnectInMemory(name);
  EXPECT_TRUE(connection.ok()) << connection.status().ToString();
  return PlainSqlite(connection.ok() ? *connection : nullptr);
}

constexpr char kEntries[] = "SELECT key, value FROM entries ORDER BY key";

TEST(MemoryConnectionTest, SeesTheLiveCache) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "live"));
  const PlainSqlite shell = Connect("live");
  EXPECT_EQ(shell.Rows(kEntries), Strings());
  Set(*cache, "a");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(shell.Rows(kEntries), (Strings{"a|value"}));
  Set(*cache, "b");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(shell.Rows(kEntries), (Strings{"a|value", "b|value"}));
  Get(*cache, "a");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(shell.Rows("SELECT key FROM entries JOIN usage USING (h)"
                       " ORDER BY last_used"),
            (Strings{"b", "a"}));
  EXPECT_EQ(shell.Text("PRAGMA integrity_check"), "ok");
}

TEST(MemoryConnectionTest, TheDefaultNameIsTheDefaultCaches) {
  const auto cache = Must(SqliteCache::OpenInMemory());
  Set(*cache, "a");
  ASSERT_TRUE(cache->Flush().ok());
  const Result<sqlite3*> connection = SqliteCache::ConnectInMemory();
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(PlainSqlite(*connection).Rows(kEntries), (Strings{"a|value"}));
}

TEST(MemoryConnectionTest, OtherDatabasesInMemoryDoNotSeeIt) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "unseen"));
  Set(*cache, "a");
  EXPECT_EQ(PlainSqlite(":memory:").Rows("SELECT name FROM sqlite_schema"),
            Strings());
  const auto another = Must(SqliteCache::OpenInMemory({}, "another"));
  EXPECT_EQ(Connect("another").Rows(kEntries), Strings());
}

TEST(MemoryConnectionTest, KeepsTheDatabaseWhileNoCacheIsOpen) {
  auto cache = Must(SqliteCache::OpenInMemory({}, "kept"));
  Set(*cache, "a");
  Get(*cache, "a");
  PlainSqlite shell = Connect("kept");
  cache.reset();
  EXPECT_EQ(shell.Rows(kEntries), (Strings{"a|value"}));
  cache = Must(SqliteCache::OpenInMemory({}, "kept"));
  EXPECT_EQ(Get(*cache, "a"), "value");
  cache.reset();
  shell.Close();
  EXPECT_FALSE(SqliteCache::ConnectInMemory("kept").ok());
}

TEST(MemoryConnectionTest, ANameThatIsNotOpenIsUnavailableAndNotCreated) {
  for (int i = 0; i < 2; ++i) {
    const Result<sqlite3*> connection =
        SqliteCache::ConnectInMemory("nobody's");
    ASSERT_FALSE(connection.ok());
    EXPECT_TRUE(connection.status().Is(ErrorCode::kUnavailable));
    EXPECT_NE(connection.status().message().find(
                  "no cache of that name is open in this process"),
              std::string::npos)
        << connection.status().message();
  }
}

TEST(MemoryConnectionTest, TheLogIsAWriteAheadLog) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "wal"));
  EXPECT_EQ(Connect("wal").Text("PRAGMA journal_mode"), "wal");
}

// E11: whatever a program tries.
TEST(MemoryConnectionTest, TheConnectionCannotChangeTheCache) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "read only"));
  Set(*cache, "a");
  const PlainSqlite shell = Connect("read only");
  for (const char* const sql :
       {"DELETE FROM entries", "UPDATE meta SET entry_count = 7",
        "CREATE TABLE mine(x)", "PRAGMA user_version = 9", "VACUUM",
        "PRAGMA query_only = 0; DELETE FROM entries",
        "PRAGMA journal_mode = DELETE; DELETE FROM entries",
        "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema",
        "BEGIN IMMEDIATE; DELETE FROM usage; COMMIT"}) {
    EXPECT_NE(shell.TryRun(sql), SQLITE_OK) << sql;
    shell.TryRun("ROLLBACK");
  }
  EXPECT_EQ(shell.Text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

// A reader with an old snapshot delays nobody, and sees that snapshot.
TEST(MemoryConnectionTest, SetsAndGetsGoOnBesideAnOpenStatement) {
  SqliteCacheOptions options;
  options.busy_timeout = std::chrono::milliseconds(0);
  const auto cache = Must(SqliteCache::OpenInMemory(options, "beside"));
  Set(*cache, "a");
  Set(*cache, "b");
  ASSERT_TRUE(cache->Flush().ok());
  const PlainSqlite shell = Connect("beside");
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(shell.get(), "SELECT key FROM entries", -1,
                               &statement, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(i);
    Set(*cache, key);
    ASSERT_EQ(Get(*cache, key), "value");
    if (i % 10 == 0) {
      ASSERT_TRUE(cache->Flush().ok());
    }
  }
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE);
  sqlite3_finalize(statement);
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 2002);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

}  // namespace
}  // namespace appcache::memory_connection_test
