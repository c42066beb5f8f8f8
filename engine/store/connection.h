// Connection: one SQLite connection, opened as the store needs it.

#ifndef APPCACHE_ENGINE_STORE_CONNECTION_H_
#define APPCACHE_ENGINE_STORE_CONNECTION_H_

#include <cassert>
#include <chrono>
#include <memory>
#include <string>

#include "appcache/error.h"
#include "engine/lane/backoff.h"
#include "engine/store/statement.h"

struct sqlite3;

namespace appcache::store {

// Not thread-safe. Its statements must be destroyed before it.
class Connection {
 public:
  Connection() noexcept = default;
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  // Closes the connection unless it was borrowed.
  ~Connection();

  // Opens `uri` (a path, or a file: URI) with SQLite's `flags`. `name` stands
  // in messages. `vfs` may be empty. The connection waits for locks at most
  // `busy_timeout`, with Backoff.
  static Result<Connection> Open(const std::string& uri, int flags,
                                 const std::string& vfs, std::string name,
                                 std::chrono::milliseconds busy_timeout);

  // Keeps SQLite from running what the schema of a file defines, which may be
  // anybody's: views, triggers, unsafe functions. Refuses the pragmas that
  // could damage the file. For each connection to a file.
  void DistrustSchema() const noexcept;

  // Uses a connection that the caller owns, and changes no setting of it.
  static Connection Borrow(sqlite3* db, std::string name);

  // Transfers the connection to the caller, without the busy handler.
  sqlite3* Release() noexcept;

  sqlite3* get() const noexcept { return db_; }
  bool is_open() const noexcept { return db_ != nullptr; }
  bool is_borrowed() const noexcept { return busy_ == nullptr; }

  // How long a call waits for a lock. REQUIRES: !is_borrowed().
  std::chrono::milliseconds busy_timeout() const noexcept {
    assert(!is_borrowed());
    return busy_->timeout;
  }
  const std::string& name() const noexcept { return name_; }

  // Runs statements, and ignores their rows.
  Status Execute(const char* sql, std::string_view operation) const;

  // The first column of the first row, for example of a pragma.
  Result<int64_t> QueryInt(const char* sql, std::string_view operation) const;
  Result<std::string> QueryText(const char* sql,
                                std::string_view operation) const;

  Status Prepare(const char* sql, Statement& statement) const;

  // Reads bytes of the file's header, without SQLite's checks. False when they
  // cannot be read.
  bool ReadHeader(int offset, char* to, int bytes) const noexcept;

  // Makes the database use a write-ahead log. `advice` ends the message if it
  // does not.
  Status UseLog(std::string_view advice) const;

  // Waits for locks, as after Open. REQUIRES: !is_borrowed().
  void UseBusyHandler() const noexcept;
  // Does not wait for locks. REQUIRES: !is_borrowed().
  void DropBusyHandler() const noexcept;

  // `code` as a Status, with the connection's error message.
  Status Failure(int code, std::string_view operation) const;

 private:
  // The state of the busy handler. Each wait starts a new deadline.
  struct Busy {
    std::chrono::milliseconds timeout;
    internal::Backoff backoff;
  };
  static int OnBusy(void* busy, int calls);
  sqlite3* db_ = nullptr;
  std::unique_ptr<Busy> busy_;  // null when borrowed
  std::string name_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_CONNECTION_H_
