#include "bench/bare_sqlite.h"

#include <sqlite3.h>

#include <cstdlib>
#include <utility>

#include "bench/frame/program.h"
#include "engine/vfs/heap_vfs.h"

namespace appcache::bench {
namespace {

// The pragmas that engine/store sets. A connection that reads and writes has
// the larger one of the cache's page caches, which is the reader's.
constexpr char kMemoryPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
    "PRAGMA secure_delete = OFF; PRAGMA journal_size_limit = 1048576;"
    "PRAGMA wal_autocheckpoint = 128; PRAGMA cache_size = -8192;"
    "PRAGMA mmap_size = 1099511627776;";
constexpr char kPrivatePragmas[] =
    "PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF;";
constexpr char kFilePragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "PRAGMA secure_delete = OFF; PRAGMA journal_size_limit = 8388608;"
    "PRAGMA cache_size = -8192;";

constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                       SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

constexpr char kPrivateUri[] = ":memory:";

constexpr int kBusyTimeoutMs = 2000;

// No call of the other Must: this one makes no string unless it fails.
void MustSucceed(bool succeeded, sqlite3* db) {
  if (!succeeded) Fail(std::string("bare SQLite: ") + sqlite3_errmsg(db));
}

void Execute(sqlite3* db, const char* sql) {
  MustSucceed(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK,
              db);
}

void Bind(sqlite3_stmt* statement, int parameter, int64_t value) {
  sqlite3_bind_int64(statement, parameter, value);
}

void Bind(sqlite3_stmt* statement, int parameter, std::string_view value) {
  sqlite3_bind_blob64(statement, parameter, value.data(), value.size(),
                      SQLITE_STATIC);
}

void Copy(sqlite3* from, sqlite3* to) {
  sqlite3_backup* const backup = sqlite3_backup_init(to, "main", from, "main");
  MustSucceed(backup != nullptr, to);
  MustSucceed(sqlite3_backup_step(backup, -1) == SQLITE_DONE, to);
  sqlite3_backup_finish(backup);
}

}  // namespace

BareDatabase BareDatabase::CopyToMemory(sqlite3* source,
                                        const std::string& name) {
  return BareDatabase("file:/" + name + "?vfs=" + vfs::kHeapVfsName,
                      kMemoryPragmas, source);
}

BareDatabase BareDatabase::CopyToPrivate(sqlite3* source) {
  return BareDatabase(kPrivateUri, kPrivatePragmas, source);
}

BareDatabase BareDatabase::CopyToFile(sqlite3* source,
                                      const std::string& path) {
  return BareDatabase(path, kFilePragmas, source);
}

BareDatabase::BareDatabase(std::string uri, const char* pragmas,
                           sqlite3* source)
    : uri_(std::move(uri)), pragmas_(pragmas), keeper_(nullptr) {
  MustSucceed(
      sqlite3_open_v2(uri_.c_str(), &keeper_, kFlags, nullptr) == SQLITE_OK,
      keeper_);
  Copy(source, keeper_);
  Execute(keeper_, pragmas_);
  const auto read_counts = [](void* self, int, char** values, char**) {
    auto* const database = static_cast<BareDatabase*>(self);
    database->entries = std::atoll(values[0]);
    database->bytes = std::atoll(values[1]);
    database->tick = values[2] == nullptr ? 0 : std::atoll(values[2]);
    return 0;
  };
  constexpr char kReadCounts[] =
      "SELECT entry_count, total_bytes, (SELECT max(last_used) FROM usage)"
      " FROM meta";
  MustSucceed(sqlite3_exec(keeper_, kReadCounts, read_counts, this, nullptr) ==
                  SQLITE_OK,
              keeper_);
}

BareDatabase::~BareDatabase() { sqlite3_close(keeper_); }

sqlite3* BareDatabase::Connect() const {
  sqlite3* db = nullptr;
  MustSucceed(sqlite3_open_v2(uri_.c_str(), &db, kFlags, nullptr) == SQLITE_OK,
              db);
  if (uri_ == kPrivateUri) {
    std::lock_guard<std::mutex> guard(copying_);
    Copy(keeper_, db);
  }
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  Execute(db, pragmas_);
  return db;
}

// Lasts from its construction to its destruction.
class BareConnection::Transaction {
 public:
  explicit Transaction(BareConnection& connection)
      : connection_(connection),
        lock_(connection.database_.writers, std::defer_lock) {
    if (connection.shared_) lock_.lock();
    connection_.Run(connection_.begin_);
  }
  ~Transaction() { connection_.Run(connection_.commit_); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  BareConnection& connection_;
  std::unique_lock<std::mutex> lock_;
};

BareConnection::BareConnection(BareDatabase& database, bool shared)
    : database_(database),
      shared_(shared),
      db_(database.Connect()),
      get_(Prepare("SELECT value FROM entries WHERE h = ?1")),
      begin_(Prepare("BEGIN IMMEDIATE")),
      commit_(Prepare("COMMIT")),
      put_entry_(
          Prepare("REPLACE INTO entries(h, expires_at, key, value, checksum)"
                  " VALUES (?1, 0, ?2, ?3, 0)")),
      put_usage_(Prepare("REPLACE INTO usage(h, last_used, bytes)"
                         " VALUES (?1, ?2, ?3)")),
      write_counts_(Prepare("UPDATE meta SET entry_count = ?1,"
                            " total_bytes = ?2 WHERE id = 1")),
      delete_entry_(Prepare("DELETE FROM entries WHERE h = ?1")),
      delete_usage_(Prepare("DELETE FROM usage WHERE h = ?1")),
      touch_(Prepare("UPDATE usage SET last_used = ?2 WHERE h = ?1")) {}

BareConnection::~BareConnection() {
  for (sqlite3_stmt* statement :
       {get_, begin_, commit_, put_entry_, put_usage_, write_counts_,
        delete_entry_, delete_usage_, touch_}) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(db_);
}

sqlite3_stmt* BareConnection::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  MustSucceed(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                 &statement, nullptr) == SQLITE_OK,
              db_);
  return statement;
}

void BareConnection::Run(sqlite3_stmt* statement) {
  MustSucceed(sqlite3_step(statement) == SQLITE_DONE, db_);
  sqlite3_reset(statement);
}

std::string_view BareConnection::Find(int64_t h) {
  Bind(get_, 1, h);
  const int rc = sqlite3_step(get_);
  if (rc == SQLITE_DONE) return {};
  MustSucceed(rc == SQLITE_ROW, db_);
  const auto* const data =
      static_cast<const char*>(sqlite3_column_blob(get_, 0));
  return {data, static_cast<size_t>(sqlite3_column_bytes(get_, 0))};
}

void BareConnection::EndFind() { sqlite3_reset(get_); }

void BareConnection::Put(const Item& item, std::string_view value) {
  Bind(put_entry_, 1, item.h);
  Bind(put_entry_, 2, item.path());
  Bind(put_entry_, 3, value);
  Run(put_entry_);
  Bind(put_usage_, 1, item.h);
  Bind(put_usage_, 2, ++database_.tick);
  Bind(put_usage_, 3, static_cast<int64_t>(item.path().size() + value.size()));
  Run(put_usage_);
}

void BareConnection::Delete(const Item& item) {
  Bind(delete_entry_, 1, item.h);
  Run(delete_entry_);
  Bind(delete_usage_, 1, item.h);
  Run(delete_usage_);
}

void BareConnection::WriteCounts() {
  Bind(write_counts_, 1, database_.entries);
  Bind(write_counts_, 2, database_.bytes);
  Run(write_counts_);
}

void BareConnection::SetNew(const Item& item, std::string_view value) {
  const Transaction transaction(*this);
  Put(item, value);
  ++database_.entries;
  database_.bytes += static_cast<int64_t>(item.path().size() + value.size());
  WriteCounts();
}

void BareConnection::SetOver(const Item& item, std::string_view value) {
  const Transaction transaction(*this);
  Put(item, value);
}

void BareConnection::SetEvict(const Item& item, std::string_view value,
                              const Item& victim) {
  const Transaction transaction(*this);
  Put(item, value);
  Delete(victim);
}

void BareConnection::SetOverMany(std::span<const Item* const> items,
                                 std::string_view value) {
  const Transaction transaction(*this);
  for (const Item* const item : items) Put(*item, value);
}

void BareConnection::SetEvictMany(std::span<const Item* const> items,
                                  std::string_view value,
                                  std::span<const Item* const> victims) {
  const Transaction transaction(*this);
  for (const Item* const victim : victims) Delete(*victim);
  for (const Item* const item : items) Put(*item, value);
}

void BareConnection::Touch(std::span<const int64_t> hashes) {
  const Transaction transaction(*this);
  for (const int64_t h : hashes) {
    Bind(touch_, 1, h);
    Bind(touch_, 2, ++database_.tick);
    Run(touch_);
  }
}

void BareConnection::Clear() {
  const Transaction transaction(*this);
  Execute(db_, "DELETE FROM entries; DELETE FROM usage;");
  database_.entries = 0;
  database_.bytes = 0;
  WriteCounts();
}

}  // namespace appcache::bench
