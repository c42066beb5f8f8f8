// Bare SQLite: the peer that SqliteCache is compared with.
//
// A copy of a cache's database, page by page, on the cache's VFS or in a file
// (both WAL), with the cache's pragmas, and the simplest prepared statements
// that read and write the same rows. Or a copy in SQLite's own ":memory:",
// which only one connection can use. The caller passes the hash of a key, the
// victim of an eviction and the counts, so that the peer computes none of them.

#ifndef APPCACHE_BENCH_BARE_SQLITE_H_
#define APPCACHE_BENCH_BARE_SQLITE_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "bench/items.h"

struct sqlite3;
struct sqlite3_stmt;

namespace appcache::bench {

// A failure ends the program, because the figures of a failing peer mean
// nothing.
class BareDatabase {
 public:
  // Copies the main database of `source`.
  static BareDatabase CopyToMemory(sqlite3* source, const std::string& name);
  static BareDatabase CopyToFile(sqlite3* source, const std::string& path);
  // Each connection gets a copy of its own.
  static BareDatabase CopyToPrivate(sqlite3* source);
  ~BareDatabase();
  BareDatabase(const BareDatabase&) = delete;
  BareDatabase& operator=(const BareDatabase&) = delete;

  // Opens a connection. The caller closes it.
  sqlite3* Connect() const;

  // Writers in several threads hold it in turn, as writers of the cache hold
  // its writer lock. SQLite's own busy handler sleeps.
  std::mutex writers;
  // The state that the next write needs. Guarded by `writers` if several
  // threads write.
  int64_t tick = 0;
  int64_t entries = 0;
  int64_t bytes = 0;

 private:
  BareDatabase(std::string uri, const char* pragmas, sqlite3* source);

  const std::string uri_;
  const char* const pragmas_;
  // Keeps a database in memory alive, which ends with its last connection.
  sqlite3* keeper_;
  mutable std::mutex copying_;  // held while keeper_ is copied
};

// One connection with its statements. Not thread-safe.
class BareConnection {
 public:
  // If `shared`, other connections write too, and writes take turns.
  BareConnection(BareDatabase& database, bool shared);
  ~BareConnection();
  BareConnection(const BareConnection&) = delete;
  BareConnection& operator=(const BareConnection&) = delete;

  // SELECT value FROM entries WHERE h = ?. Calls visit(value) if there is a
  // row; the value is valid during the call. Returns whether there is one.
  template <class Visit>
  bool Get(int64_t h, const Visit& visit);

  // One transaction: BEGIN IMMEDIATE, one row of entries and one of usage, the
  // counts if they change, COMMIT.
  void SetNew(const Item& item, std::string_view value);
  void SetOver(const Item& item, std::string_view value);
  // Also deletes both rows of `victim`.
  void SetEvict(const Item& item, std::string_view value, const Item& victim);

  // One transaction with SetOver or SetEvict for each item; the victim of the
  // item `i` is `victims[i]`. REQUIRES: as many victims as items.
  void SetOverMany(std::span<const Item* const> items, std::string_view value);
  void SetEvictMany(std::span<const Item* const> items, std::string_view value,
                    std::span<const Item* const> victims);

  // One transaction with one update of usage for each hash.
  void Touch(std::span<const int64_t> hashes);

  // Deletes all entries.
  void Clear();

 private:
  class Transaction;

  // The value, valid until EndFind; without data if there is no row.
  std::string_view Find(int64_t h);
  void EndFind();
  sqlite3_stmt* Prepare(const char* sql);
  void Put(const Item& item, std::string_view value);
  void Delete(const Item& item);
  void WriteCounts();
  void Run(sqlite3_stmt* statement);

  BareDatabase& database_;
  const bool shared_;
  sqlite3* const db_;
  sqlite3_stmt* const get_;
  sqlite3_stmt* const begin_;
  sqlite3_stmt* const commit_;
  sqlite3_stmt* const put_entry_;
  sqlite3_stmt* const put_usage_;
  sqlite3_stmt* const write_counts_;
  sqlite3_stmt* const delete_entry_;
  sqlite3_stmt* const delete_usage_;
  sqlite3_stmt* const touch_;
};

template <class Visit>
bool BareConnection::Get(int64_t h, const Visit& visit) {
  const std::string_view value = Find(h);
  const bool found = value.data() != nullptr;
  if (found) visit(value);
  EndFind();
  return found;
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_BARE_SQLITE_H_
