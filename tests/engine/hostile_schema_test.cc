// A file that claims to be a cache, but whose schema is not the cache's: it is
// refused and left as it is, and nothing that the schema defines is run.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "appcache/sqlite_cache.h"
#include "engine/store/connection.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::hostile_schema_test {
namespace {

struct Crafted {
  const char* name;
  const char* sql;  // changes a sound cache
};

// A query that never ends.
#define ENDLESS                                                          \
  "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n)"          \
  " SELECT x AS h, x AS expires_at, x AS key, x AS value, x AS checksum" \
  " FROM n WHERE x > 1"

const Crafted kCrafted[] = {
    {"AViewForATable",
     "DROP TABLE entries; CREATE VIEW entries AS " ENDLESS ";"
     "CREATE TRIGGER t INSTEAD OF INSERT ON entries BEGIN DELETE FROM usage;"
     " END"},
    {"AViewForMeta",
     "DROP TABLE meta; CREATE VIEW meta AS SELECT 1 AS id, 1 AS schema_version,"
     " 1 AS hash_seed, 0 AS entry_count, count(*) AS total_bytes"
     " FROM (" ENDLESS ")"},
    {"ATrigger",
     "CREATE TRIGGER t AFTER DELETE ON usage BEGIN"
     " INSERT INTO usage VALUES (old.h, 0, 0); END"},
    {"AViewBesideTheTables", "CREATE VIEW v AS " ENDLESS},
    {"ATableBesideTheTables", "CREATE TABLE mine(x)"},
    {"AGeneratedColumn",
     "ALTER TABLE entries ADD COLUMN g AS (length(zeroblob(900000000)))"},
    {"AColumnWithADefault", "ALTER TABLE usage ADD COLUMN d DEFAULT 7"},
    {"AnIndexOnAnExpression",
     "CREATE INDEX mine ON entries(length(value) + h)"},
    {"AUniqueIndex", "CREATE UNIQUE INDEX mine ON usage(last_used)"},
    {"AnotherIndexUnderOurName",
     "DROP INDEX entries_by_expiry;"
     "CREATE INDEX entries_by_expiry ON entries(key)"},
    {"OtherTypes",
     "DROP TABLE usage; CREATE TABLE usage(h INTEGER PRIMARY KEY,"
     " last_used TEXT, bytes TEXT);"
     "CREATE INDEX usage_by_last_used ON usage(last_used)"},
    {"ACheck",
     "DROP TABLE usage; CREATE TABLE usage(h INTEGER PRIMARY KEY,"
     " last_used INTEGER NOT NULL, bytes INTEGER NOT NULL,"
     " CHECK (h <> 0));"
     "CREATE INDEX usage_by_last_used ON usage(last_used)"},
    {"NamesInCapitals",
     "DROP TABLE usage; CREATE TABLE USAGE(h INTEGER PRIMARY KEY,"
     " last_used INTEGER NOT NULL, bytes INTEGER NOT NULL)"},
    {"AViewInPlaceOfStatistics",
     "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('view',"
     " 'sqlite_stat1', 'sqlite_stat1', 0,"
     " 'CREATE VIEW sqlite_stat1 AS SELECT 1 AS tbl, 2 AS idx, 3 AS stat');"
     "PRAGMA writable_schema = OFF"},
};

class HostileSchemaTest : public testing::TestWithParam<Crafted> {
 protected:
  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
};

TEST_P(HostileSchemaTest, IsRefusedAndLeftAsItIs) {
  {
    const auto cache = Must(SqliteCache::OpenFile(file_));
    Set(*cache, "a");
  }
  PlainSqlite plain(file_);
  plain.Run(GetParam().sql);
  plain.Close();
  const auto before = scratch_.Files();
  const std::string memory = std::string("hostile ") + GetParam().name;
  for (const Status& status :
       {SqliteCache::OpenFile(file_).status(),
        SqliteCache::OpenInMemoryFrom(file_, {}, memory).status(),
        Must(SqliteCache::OpenInMemory({}, memory))->Snapshot(file_)}) {
    EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
    EXPECT_NE(status.ToString().find("not an appcache"), std::string::npos)
        << status.ToString();
  }
  EXPECT_TRUE(scratch_.Files() == before);
}

INSTANTIATE_TEST_SUITE_P(Each, HostileSchemaTest, testing::ValuesIn(kCrafted),
                         [](const testing::TestParamInfo<Crafted>& info) {
                           return std::string(info.param.name);
                         });

// Borrowed: what is defined on the tables counts, and nothing else.
TEST(BorrowedSchemaTest, ATriggerOnOurTableIsRefusedAndOthersAreNot) {
  PlainSqlite plain;
  plain.Run("CREATE TABLE mine(x); CREATE VIEW v AS SELECT x FROM mine");
  ASSERT_TRUE(SqliteCache::OpenOn(plain.get()).ok());
  plain.Run("CREATE TRIGGER mine_too AFTER INSERT ON mine BEGIN SELECT 1; END");
  ASSERT_TRUE(SqliteCache::OpenOn(plain.get()).ok());
  plain.Run("CREATE TRIGGER t AFTER INSERT ON entries BEGIN SELECT 1; END");
  const Status status = SqliteCache::OpenOn(plain.get()).status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
}

TEST(BorrowedSchemaTest, AViewUnderOurNameIsRefused) {
  PlainSqlite plain;
  plain.Run("CREATE VIEW Usage AS SELECT 1 AS h");
  const Status status = SqliteCache::OpenOn(plain.get()).status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
}

// The second line of defence: what a connection would not run even if the
// comparison let it pass.
TEST(DistrustTest, AConnectionRunsNoViewAndNoTriggerAndKeepsTheSchema) {
  const Scratch scratch;
  const std::string file = scratch.Path("some.db");
  PlainSqlite plain(file);
  plain.Run(
      "CREATE TABLE t(x); CREATE VIEW v AS SELECT 1;"
      "CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t VALUES (2); END");
  plain.Close();
  const Result<store::Connection> connection =
      store::Connection::Open(file, /*SQLITE_OPEN_READWRITE*/ 2, "", file, {});
  ASSERT_TRUE(connection.ok());
  connection->DistrustSchema();
  EXPECT_FALSE(connection->QueryInt("SELECT * FROM v", "read").ok());
  ASSERT_TRUE(connection->Execute("INSERT INTO t VALUES (1)", "write").ok());
  EXPECT_EQ(*connection->QueryInt("SELECT count(*) FROM t", "read"), 1);
  ASSERT_TRUE(connection->Execute("PRAGMA writable_schema = ON", "write").ok());
  EXPECT_FALSE(connection->Execute("DELETE FROM sqlite_schema", "write").ok());
}

// What tools for SQLite may have left.
TEST(HarmlessSchemaTest, StatisticsOfAnalyzeAreNoReasonToRefuse) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(file)), "a");
  PlainSqlite plain(file);
  plain.Run("ANALYZE");
  plain.Close();
  EXPECT_EQ(Get(*Must(SqliteCache::OpenFile(file)), "a"), "value");
}

// Values of other types than the cache writes are still values: a get returns
// what SQLite has, or a miss, and a check finds them.
TEST(HostileRowsTest, RowsOfOtherTypesAreFoundByACheckAndRemovedByAFix) {
  for (const char* const sql :
       {"UPDATE entries SET value = 17", "UPDATE entries SET key = 'b'",
        "UPDATE entries SET value = 'text'",
        "UPDATE entries SET expires_at = 'soon'",
        "UPDATE entries SET checksum = 'text'",
        "UPDATE usage SET last_used = 'never'", "UPDATE usage SET bytes = 1.5",
        "UPDATE usage SET bytes = 'x'"}) {
    SCOPED_TRACE(sql);
    const Scratch scratch;
    const std::string file = scratch.Path("cache.db");
    Set(*Must(SqliteCache::OpenFile(file)), "a");
    PlainSqlite plain(file);
    plain.Run(sql);
    plain.Close();
    const auto cache = Must(SqliteCache::OpenFile(file));
    EXPECT_NE(ProblemsIn(*cache), Strings());
    ASSERT_TRUE(cache->CheckAndFix().ok());
    EXPECT_EQ(ProblemsIn(*cache), Strings());
    EXPECT_EQ(Get(*cache, "a"), "<miss>");
    Set(*cache, "b");
    EXPECT_EQ(Get(*cache, "b"), "value");
  }
}

TEST(HostileRowsTest, SizesAndCountsOfAnyValueDoNotOverflow) {
  for (const char* const sql :
       {"UPDATE usage SET bytes = 9223372036854775807",
        "UPDATE usage SET bytes = 4611686018427387904",
        "UPDATE usage SET bytes = -9223372036854775808",
        "UPDATE meta SET total_bytes = 9223372036854775807",
        "UPDATE meta SET entry_count = 9223372036854775807"}) {
    SCOPED_TRACE(sql);
    const Scratch scratch;
    const std::string file = scratch.Path("cache.db");
    const auto open = [&] {
      SqliteCacheOptions options;
      options.max_entries = 3;
      return Must(SqliteCache::OpenFile(file, options));
    };
    for (const char* const key : {"a", "b", "c"}) Set(*open(), key);
    PlainSqlite plain(file);
    plain.Run(sql);
    plain.Close();
    for (const char* const key : {"c", "d"}) Set(*open(), key);
    EXPECT_EQ(Get(*open(), "c"), "value");  // the file was not set aside
    for (const char* const key : {"e", "f"}) Set(*open(), key);
    const auto cache = open();
    EXPECT_EQ(Get(*cache, "f"), "value");
    EXPECT_EQ(Get(*cache, "e"), "value");
    ASSERT_TRUE(cache->CheckAndFix().ok());
    EXPECT_EQ(ProblemsIn(*cache), Strings());
    EXPECT_EQ(Get(*cache, "f"), "value");
  }
}

}  // namespace
}  // namespace appcache::hostile_schema_test
