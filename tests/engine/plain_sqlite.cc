#include "tests/engine/plain_sqlite.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>

namespace appcache {
namespace {

constexpr int kBusyTimeoutMs = 30'000;

}  // namespace

PlainSqlite::PlainSqlite(const std::string& path) {
  const int rc = sqlite3_open(path.c_str(), &db_);
  EXPECT_EQ(rc, SQLITE_OK) << path << ": " << sqlite3_errmsg(db_);
  // The cache under test may be at work in the background.
  sqlite3_busy_timeout(db_, kBusyTimeoutMs);
}

void PlainSqlite::Close() {
  EXPECT_EQ(sqlite3_close(std::exchange(db_, nullptr)), SQLITE_OK);
}

int PlainSqlite::TryRun(const std::string& sql) const {
  return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
}

void PlainSqlite::Run(const std::string& sql) const {
  const int rc = TryRun(sql);
  EXPECT_EQ(rc, SQLITE_OK) << sql << ": " << sqlite3_errmsg(db_);
}

std::vector<std::string> PlainSqlite::Rows(const std::string& sql) const {
  std::vector<std::string> rows;
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
  while (rc == SQLITE_OK || rc == SQLITE_ROW) {
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) break;
    std::string row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (i > 0) row += "|";
      const auto* const bytes =
          static_cast<const char*>(sqlite3_column_blob(statement, i));
      const int size = sqlite3_column_bytes(statement, i);
      if (size > 0) row.append(bytes, static_cast<size_t>(size));
    }
    rows.push_back(std::move(row));
  }
  EXPECT_EQ(rc, SQLITE_DONE) << sql << ": " << sqlite3_errmsg(db_);
  sqlite3_finalize(statement);
  return rows;
}

std::string PlainSqlite::Text(const std::string& sql) const {
  const std::vector<std::string> rows = Rows(sql);
  EXPECT_EQ(rows.size(), 1u) << sql;
  return rows.empty() ? "" : rows.front();
}

int64_t PlainSqlite::Int(const std::string& sql) const {
  return std::strtoll(Text(sql).c_str(), nullptr, 10);
}

}  // namespace appcache
