// Bare SQLite as a program would use it for a cache: a table of keys and values
// and prepared statements. ":memory:" is one connection under a mutex. A file
// has a write-ahead log and a connection for each thread.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "bench/frame/program.h"
#include "bench/frame/temp_directory.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

constexpr char kTable[] =
    "CREATE TABLE entries(key BLOB PRIMARY KEY, value BLOB NOT NULL)"
    " WITHOUT ROWID";
constexpr char kFilePragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "PRAGMA cache_size = -8192;";

constexpr int kBusyTimeoutMs = 2000;

class Connection final : public Session {
 public:
  // Calls take turns with the others that use `mutex`: all if it is an
  // in-memory database, otherwise only writes, because SQLite's own busy
  // handler sleeps.
  Connection(const std::string& path, std::mutex& mutex, bool is_memory)
      : mutex_(mutex), is_memory_(is_memory) {
    const int rc = sqlite3_open(path.c_str(), &db_);
    Must(rc == SQLITE_OK, "SQLite cannot open " + path);
    // For a connection that is opened while another one writes.
    sqlite3_busy_timeout(db_, kBusyTimeoutMs);
    if (!is_memory_) Execute(kFilePragmas);
  }
  ~Connection() override {
    for (sqlite3_stmt* const statement :
         {get_, put_, delete_, begin_, commit_}) {
      sqlite3_finalize(statement);
    }
    sqlite3_close(db_);
  }

  void CreateTable() { Execute(kTable); }

  size_t Get(const Item& item) override {
    return Read(item, [this](std::string_view value) { value_.assign(value); });
  }
  size_t View(const Item& item) override {
    return Read(item, [](std::string_view value) {
      benchmark::DoNotOptimize(value[0]);
    });
  }
  size_t Copy(const Item& item) override {
    return Read(item, [](std::string_view value) {
      const std::string copy(value);
      benchmark::DoNotOptimize(copy.data());
    });
  }

  bool Set(const Item& item, std::string_view value) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    Put(item, value);
    return true;
  }
  bool SetEvict(const Item& item, std::string_view value,
                const Item& victim) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    Run(begin_, "BEGIN IMMEDIATE");
    Delete(victim);
    Put(item, value);
    Run(commit_, "COMMIT");
    return true;
  }
  bool Remove(const Item& item) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    Delete(item);
    return true;
  }

  void PutAll(std::span<const Item> items, std::string_view value) {
    Run(begin_, "BEGIN IMMEDIATE");
    for (const Item& item : items) Put(item, value);
    Run(commit_, "COMMIT");
  }

 private:
  void Check(bool succeeded) {
    if (!succeeded) Fail(std::string("bare SQLite: ") + sqlite3_errmsg(db_));
  }

  void Execute(const char* sql) {
    Check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }

  // Prepared when it is first needed: the table does not exist before.
  sqlite3_stmt* Prepared(sqlite3_stmt*& statement, const char* sql) {
    if (statement == nullptr) {
      Check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &statement, nullptr) == SQLITE_OK);
    }
    return statement;
  }

  static void Bind(sqlite3_stmt* statement, int at, std::string_view bytes) {
    sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(),
                        SQLITE_STATIC);
  }

  void Run(sqlite3_stmt*& statement, const char* sql) {
    sqlite3_stmt* const prepared = Prepared(statement, sql);
    Check(sqlite3_step(prepared) == SQLITE_DONE);
    sqlite3_reset(prepared);
  }

  void Put(const Item& item, std::string_view value) {
    constexpr char kSql[] =
        "INSERT INTO entries(key, value) VALUES (?1, ?2)"
        " ON CONFLICT(key) DO UPDATE SET value = ?2";
    sqlite3_stmt* const statement = Prepared(put_, kSql);
    Bind(statement, 1, item.path());
    Bind(statement, 2, value);
    Run(put_, kSql);
  }

  void Delete(const Item& item) {
    constexpr char kSql[] = "DELETE FROM entries WHERE key = ?";
    Bind(Prepared(delete_, kSql), 1, item.path());
    Run(delete_, kSql);
  }

  template <class Use>
  size_t Read(const Item& item, const Use& use) {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    if (is_memory_) lock.lock();
    sqlite3_stmt* const get =
        Prepared(get_, "SELECT value FROM entries WHERE key = ?");
    Bind(get, 1, item.path());
    const int rc = sqlite3_step(get);
    size_t size = 0;
    if (rc == SQLITE_ROW) {
      const auto* const data =
          static_cast<const char*>(sqlite3_column_blob(get, 0));
      size = static_cast<size_t>(sqlite3_column_bytes(get, 0));
      use(std::string_view(data, size));
    } else {
      Check(rc == SQLITE_DONE);
    }
    sqlite3_reset(get);
    return size;
  }

  std::mutex& mutex_;
  const bool is_memory_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* delete_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  std::string value_;  // of the last Get; of one thread, or under the mutex
};

class SqliteMemoryPeer final : public Side {
 public:
  explicit SqliteMemoryPeer(const Room&) { connection_.CreateTable(); }

  Session& SessionOf(int /*thread*/) override { return connection_; }

  void Fill(std::span<const Item> items, std::string_view value) override {
    connection_.PutAll(items, value);
  }

 private:
  std::mutex mutex_;
  Connection connection_{":memory:", mutex_, /*is_memory=*/true};
};

class SqliteFilePeer final : public ConnectedSide {
 public:
  explicit SqliteFilePeer(const Room&) { First().CreateTable(); }
  ~SqliteFilePeer() override { Disconnect(); }

  void Fill(std::span<const Item> items, std::string_view value) override {
    First().PutAll(items, value);
  }

 private:
  Connection& First() { return static_cast<Connection&>(SessionOf(0)); }

  std::unique_ptr<Session> Connect() override {
    return std::make_unique<Connection>(directory_.Path("peer.db"), mutex_,
                                        /*is_memory=*/false);
  }

  const TempDirectory directory_;
  std::mutex mutex_;
};

const AddSide kMemory({"sqlite_memory", "memory",
                       kView | kCopy | kEvicts | kWrites,
                       OpenSide<SqliteMemoryPeer>});
const AddSide kFile({"sqlite_file", "file", kView | kCopy | kEvicts | kWrites,
                     OpenSide<SqliteFilePeer>});

}  // namespace
}  // namespace appcache::bench
