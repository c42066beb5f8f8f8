// PlainSqlite: a connection as any program has one, to look at a cache past the
// cache, and to harm it.

#ifndef APPCACHE_TESTS_ENGINE_PLAIN_SQLITE_H_
#define APPCACHE_TESTS_ENGINE_PLAIN_SQLITE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

struct sqlite3;

namespace appcache {

// A statement that fails is a failure of the test, with SQLite's message.
class PlainSqlite {
 public:
  // Opens the file at `path`, or makes it; or a private database in memory.
  explicit PlainSqlite(const std::string& path = ":memory:");
  // Takes over a connection.
  explicit PlainSqlite(sqlite3* db) : db_(db) {}
  PlainSqlite(PlainSqlite&& other) noexcept
      : db_(std::exchange(other.db_, nullptr)) {}
  PlainSqlite& operator=(PlainSqlite&&) = delete;
  ~PlainSqlite() { Close(); }

  void Close();

  sqlite3* get() const { return db_; }

  // Runs statements; the result code, and no failure of the test.
  int TryRun(const std::string& sql) const;
  void Run(const std::string& sql) const;

  // One row a string, columns parted by "|", blobs as their bytes, NULL as "".
  std::vector<std::string> Rows(const std::string& sql) const;
  // The first column of the only row.
  std::string Text(const std::string& sql) const;
  int64_t Int(const std::string& sql) const;

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_PLAIN_SQLITE_H_
