// Connection: one SQLite connection, opened as the store needs it.

#ifndef APPCACHE_ENGINE_STORE_CONNECTION_H_
#define APPCACHE_ENGINE_STORE_CONNECTION_H_

#include <chrono>
#include <memory>
#include <string>

#include "engine/error.h"
#include "engine/lane/backoff.h"
#include "engine/store/statement.h"

struct sqlite3;

namespace appcache::store {

// Not thread-safe. Statements prepared on it must be gone before it is.
class Connection {
 public:
  Connection() noexcept = default;
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  // Closes the connection unless it was borrowed.
  ~Connection();

  // Opens `uri` (a path, or a file: URI) with SQLite's `flags`. `name` is what
  // messages call the database. `vfs` may be empty. Waits for locks up to
  // `busy_timeout`, by Backoff.
  static Result<Connection> Open(const std::string& uri, int flags,
                                 const std::string& vfs, std::string name,
                                 std::chrono::milliseconds busy_timeout);

  // Uses a connection of the caller's, and changes nothing about it.
  static Connection Borrow(sqlite3* db, std::string name);

  // Gives the connection to the caller, without the busy handler.
  sqlite3* Release() noexcept;

  sqlite3* get() const noexcept { return db_; }
  bool is_open() const noexcept { return db_ != nullptr; }
  bool is_borrowed() const noexcept { return busy_ == nullptr; }
  const std::string& name() const noexcept { return name_; }

  // Runs statements that yield no rows that matter.
  Status Execute(const char* sql, std::string_view operation) const;

  // The first column of the first row: of a pragma, say.
  Result<int64_t> QueryInt(const char* sql, std::string_view operation) const;
  Result<std::string> QueryText(const char* sql,
                                std::string_view operation) const;

  Status Prepare(const char* sql, Statement& statement) const;

  // Waits for locks as it was opened to. REQUIRES: !is_borrowed().
  void UseBusyHandler() const noexcept;
  // Does not wait for locks.
  void DropBusyHandler() const noexcept;

  // `code` as a Status, with this connection's message.
  Status Failure(int code, std::string_view operation) const;

 private:
  // What the busy handler waits by: for the deadline to start with each wait.
  struct Busy {
    std::chrono::milliseconds timeout;
    Backoff backoff;
  };
  static int OnBusy(void* busy, int calls);

  sqlite3* db_ = nullptr;
  std::unique_ptr<Busy> busy_;  // null when borrowed
  std::string name_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_CONNECTION_H_
