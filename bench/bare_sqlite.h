// Bare SQLite: the peer that the cache is measured against.
//
// A copy of a cache's database, page for page, in memory (memdb) or in a file
// (WAL), with the cache's pragmas; and the plainest prepared statements that
// read and write the same rows. What the caller would know anyway (the hash,
// the victim of an eviction, the counts) it is told.

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

// Failures end the program: figures of a peer that fails mean nothing.
class BareDatabase {
 public:
  // Takes a copy of `source`'s main database.
  static BareDatabase CopyToMemory(sqlite3* source, const std::string& name);
  static BareDatabase CopyToFile(sqlite3* source, const std::string& path);
  ~BareDatabase();
  BareDatabase(const BareDatabase&) = delete;
  BareDatabase& operator=(const BareDatabase&) = delete;

  sqlite3* Connect() const;

  // Writers of several threads take turns here, as the cache's do in its lane:
  // SQLite's own way to wait is to sleep.
  std::mutex writers;
  // What the next write needs, guarded by `writers` or by being alone.
  int64_t tick = 0;
  int64_t entries = 0;
  int64_t bytes = 0;

 private:
  BareDatabase(std::string uri, const char* pragmas, sqlite3* source);

  const std::string uri_;
  const char* const pragmas_;
  sqlite3* keeper_;  // a database in memory is gone with its last connection
};

// One connection with its statements. Not thread-safe.
class BareConnection {
 public:
  // With `shared`, writes take turns with other connections' writes.
  BareConnection(BareDatabase& database, bool shared);
  ~BareConnection();
  BareConnection(const BareConnection&) = delete;
  BareConnection& operator=(const BareConnection&) = delete;

  // SELECT value FROM entries WHERE h = ?. Calls use(value) while the row is
  // there; false when there is none.
  template <class Use>
  bool Get(int64_t h, const Use& use);

  // BEGIN IMMEDIATE; a row each of entries and usage, and the counts if they
  // change; COMMIT.
  void SetNew(const Item& item, std::string_view value);
  void SetOver(const Item& item, std::string_view value);
  // Deletes both rows of `victim` too.
  void SetEvict(const Item& item, std::string_view value, const Item& victim);

  // One transaction, one update of usage per hash.
  void Touch(std::span<const int64_t> hashes);

  void Clear();

 private:
  class Transaction;

  std::string_view Find(int64_t h);
  void EndFind();
  sqlite3_stmt* Prepare(const char* sql);
  void Put(const Item& item, std::string_view value);
  void WriteCounts();
  void Run(sqlite3_stmt* statement);

  BareDatabase& database_;
  const bool shared_;
  sqlite3* const db_;
  sqlite3_stmt *const get_,
      *const begin_, *const commit_, *const put_entry_,
                                         *const put_usage_,
                                             *const write_counts_,
                                                 *const delete_entry_,
                                                     *const delete_usage_,
                                                         *const touch_;
};

template <class Use>
bool BareConnection::Get(int64_t h, const Use& use) {
  const std::string_view value = Find(h);
  const bool found = value.data() != nullptr;
  if (found) use(value);
  EndFind();
  return found;
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_BARE_SQLITE_H_
