// ConnectInMemory: SQL on the live database in memory.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache {
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
  EXPECT_EQ(shell.Rows(kEntries), (Strings{"a|value"}));
  Set(*cache, "b");
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
  const Result<sqlite3*> connection = SqliteCache::ConnectInMemory();
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(PlainSqlite(*connection).Rows(kEntries), (Strings{"a|value"}));
}

TEST(MemoryConnectionTest, OtherDatabasesInMemoryDoNotSeeIt) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "unseen"));
  Set(*cache, "a");
  EXPECT_EQ(PlainSqlite(":memory:").Rows("SELECT name FROM sqlite_schema"),
            Strings());
  EXPECT_EQ(Connect("another").Rows("SELECT name FROM sqlite_schema"),
            Strings());
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
  EXPECT_EQ(Connect("kept").Rows("SELECT name FROM sqlite_schema"), Strings());
}

TEST(MemoryConnectionTest, AStatementThatIsNotResetMakesSetsBusy) {
  SqliteCacheOptions options;
  options.busy_timeout = std::chrono::milliseconds(1);
  const auto cache = Must(SqliteCache::OpenInMemory(options, "busy"));
  Set(*cache, "a");
  Set(*cache, "b");
  const PlainSqlite shell = Connect("busy");
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(shell.get(), kEntries, -1, &statement, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_TRUE(
      cache->backend()->SetRaw("c", "value", kNoTtl).Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache->backend()->InvalidateRaw("a").Is(ErrorCode::kBusy));
  sqlite3_finalize(statement);
  Set(*cache, "c");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "c"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

// More than the 1 GiB at which SQLite's memdb stops by itself would take too
// long here: that the limit is another is what can be seen.
TEST(MemoryConnectionTest, TheDatabaseMayGrowBeyondAGibibyte) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "size"));
  const PlainSqlite shell = Connect("size");
  sqlite3_int64 limit = -1;  // asks, and changes nothing
  ASSERT_EQ(sqlite3_file_control(shell.get(), "main", SQLITE_FCNTL_SIZE_LIMIT,
                                 &limit),
            SQLITE_OK);
  EXPECT_GE(limit, sqlite3_int64{1} << 40);
}

}  // namespace
}  // namespace appcache
