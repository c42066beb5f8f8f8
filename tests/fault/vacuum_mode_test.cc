// Files that are not the cache's to write to.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/support/temp_dir.h"

namespace appcache {
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

}  // namespace
}  // namespace appcache
