// Connections to a database in memory past its cache: one that only reads, as a
// program has it, and one that can damage the tables and make flushes fail.

#ifndef APPCACHE_TESTS_ENGINE_MEMORY_SHELL_H_
#define APPCACHE_TESTS_ENGINE_MEMORY_SHELL_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "appcache/sqlite_cache.h"
#include "engine/vfs/heap_vfs.h"
#include "tests/engine/plain_sqlite.h"

namespace appcache {

// REQUIRES, of both: a cache of this name is open.

inline PlainSqlite ConnectTo(const std::string& name) {
  const Result<sqlite3*> connection = SqliteCache::ConnectInMemory(name);
  EXPECT_TRUE(connection.ok()) << connection.status().ToString();
  return PlainSqlite(connection.ok() ? *connection : nullptr);
}

inline PlainSqlite ConnectToWrite(const std::string& name) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(("/appcache/" + name).c_str(), &db,
                            SQLITE_OPEN_READWRITE, vfs::kHeapVfsName),
            SQLITE_OK);
  return PlainSqlite(db);
}

// Makes the writes of the cache fail: all with kBusy, or those that put an
// entry with this key, or any if the key is empty, with kInternal.
class WriteBlocker {
 public:
  explicit WriteBlocker(const std::string& name) : db_(ConnectToWrite(name)) {}
  WriteBlocker(const WriteBlocker&) = delete;
  WriteBlocker& operator=(const WriteBlocker&) = delete;

  void TakeLock() { db_.Run("BEGIN IMMEDIATE"); }
  void ReleaseLock() { db_.Run("ROLLBACK"); }

  void Refuse(const std::string& key = "") {
    const std::string when =
        key.empty() ? "" : " WHEN NEW.key = CAST('" + key + "' AS BLOB)";
    db_.Run("CREATE TRIGGER refuse_insert BEFORE INSERT ON entries" + when +
            " BEGIN SELECT RAISE(ABORT, 'refused'); END;"
            "CREATE TRIGGER refuse_update BEFORE UPDATE ON entries" +
            when + " BEGIN SELECT RAISE(ABORT, 'refused'); END");
  }
  void Accept() {
    db_.Run("DROP TRIGGER refuse_insert; DROP TRIGGER refuse_update");
  }

 private:
  const PlainSqlite db_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_MEMORY_SHELL_H_
