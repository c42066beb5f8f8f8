// No statement scans a table, and the list that says so is the whole list.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "engine/store/statements.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::query_plan_test {
namespace {

namespace sql = store::sql;

// The plan's lines, each a string.
Strings PlanOf(const PlainSqlite& connection, const std::string& statement) {
  Strings details;
  for (const std::string& row :
       connection.Rows("EXPLAIN QUERY PLAN " + statement)) {
    details.push_back(row.substr(row.rfind('|') + 1));
  }
  return details;
}

void CreateSchema(const PlainSqlite& connection) {
  for (const sql::SchemaObject& object : sql::kSchema) {
    connection.Run(object.sql);
  }
}

void ExpectNoScan(const PlainSqlite& connection) {
  for (const char* const statement : sql::kAll) {
    for (const std::string& detail : PlanOf(connection, statement)) {
      EXPECT_EQ(detail.find("SCAN"), std::string::npos)
          << statement << "\n  " << detail;
      // What would sort all rows to find the first.
      EXPECT_EQ(detail.find("TEMP B-TREE"), std::string::npos)
          << statement << "\n  " << detail;
    }
  }
}

TEST(QueryPlanTest, NoStatementScansAnEmptyCache) {
  const PlainSqlite connection;
  CreateSchema(connection);
  ExpectNoScan(connection);
}

TEST(QueryPlanTest, NoStatementScansAFullCacheWithStatistics) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  {
    const auto cache = Must(SqliteCache::OpenFile(file));
    for (int i = 0; i < 1000; ++i) {
      Set(*cache, std::to_string(i), "value",
          i % 2 == 0 ? kNoTtl : Ttl(1'000'000 + i));
    }
  }
  const PlainSqlite connection(file);
  ExpectNoScan(connection);
  connection.Run("ANALYZE");
  ExpectNoScan(PlainSqlite(file));
}

// That the test above can fail.
TEST(QueryPlanTest, AScanWouldBeSeen) {
  const PlainSqlite connection;
  CreateSchema(connection);
  const Strings details =
      PlanOf(connection, "SELECT h FROM usage ORDER BY bytes");
  EXPECT_EQ(details, (Strings{"SCAN usage", "USE TEMP B-TREE FOR ORDER BY"}));
}

// The names in `text` that begin with `prefix`, without it, and with a "k".
StringSet NamesAfter(std::string_view text, std::string_view prefix) {
  StringSet names;
  for (size_t at = 0; (at = text.find(prefix, at)) != std::string_view::npos;) {
    at += prefix.size();
    const size_t end = text.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", at);
    if (end == std::string_view::npos) break;
    names.insert("k" + std::string(text.substr(at, end - at)));
  }
  return names;
}

TEST(QueryPlanTest, EveryStatementOfTheHeaderIsInTheList) {
  const std::string header = Scratch::ReadAll("engine/store/statements.h");
  StringSet declared = NamesAfter(header, "inline constexpr char k");
  ASSERT_GT(declared.size(), 10u) << "the header was not found";
  // What reads the schema or changes it, what empties whole tables, and
  // pragmas.
  for (const char* const name :
       {"kReadSchema", "kReadBorrowedSchema", "kReadEntriesTable",
        "kAddChecksums", "kClear", "kReturnSpaceAtCommit",
        "kKeepSpaceAtCommit"}) {
    EXPECT_EQ(declared.erase(name), 1u) << name;
  }
  const std::string_view list =
      std::string_view(header).substr(header.find("kAll = {"));
  StringSet listed = NamesAfter(list.substr(0, list.find("};")), " k");
  EXPECT_EQ(listed, declared);
  EXPECT_EQ(listed.size(), sql::kAll.size());
}

}  // namespace
}  // namespace appcache::query_plan_test
