#include "engine/store/connection.h"

#include <sqlite3.h>

#include <utility>

#include "engine/store/sqlite_status.h"

namespace appcache::store {

Connection::Connection(Connection&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)),
      busy_(std::move(other.busy_)),
      name_(std::move(other.name_)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(busy_, other.busy_);
  std::swap(name_, other.name_);
  return *this;
}

Connection::~Connection() {
  if (db_ == nullptr || is_borrowed()) return;
  // _v2 never fails: if a statement is left, the connection closes with it.
  sqlite3_close_v2(db_);
}

sqlite3* Connection::Release() noexcept {
  DropBusyHandler();
  return std::exchange(db_, nullptr);
}

int Connection::OnBusy(void* context, int calls) {
  Busy& busy = *static_cast<Busy*>(context);
  if (calls == 0) busy.backoff = internal::Backoff(busy.timeout);
  return busy.backoff.Wait() ? 1 : 0;
}

Result<Connection> Connection::Open(const std::string& uri, int flags,
                                    const std::string& vfs, std::string name,
                                    std::chrono::milliseconds busy_timeout) {
  Connection connection;
  connection.name_ = std::move(name);
  connection.busy_ = std::make_unique<Busy>(
      Busy{busy_timeout, internal::Backoff(busy_timeout)});
  const int rc = sqlite3_open_v2(uri.c_str(), &connection.db_,
                                 flags | SQLITE_OPEN_EXRESCODE,
                                 vfs.empty() ? nullptr : vfs.c_str());
  if (rc != SQLITE_OK) return connection.Failure(rc, "open");
  connection.UseBusyHandler();
  // Only the holder of the writer lock checkpoints (writer_lane.h).
  sqlite3_wal_autocheckpoint(connection.db_, 0);
  sqlite3_db_config(connection.db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                    nullptr);
  return connection;
}

void Connection::DistrustSchema() const noexcept {
  constexpr struct {
    int option;
    int value;
  } kSettings[] = {
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  };
  for (const auto& [option, value] : kSettings) {
    sqlite3_db_config(db_, option, value, nullptr);
  }
}

Connection Connection::Borrow(sqlite3* db, std::string name) {
  Connection connection;
  connection.db_ = db;
  connection.name_ = std::move(name);
  return connection;
}

void Connection::UseBusyHandler() const noexcept {
  sqlite3_busy_handler(db_, OnBusy, busy_.get());
}

void Connection::DropBusyHandler() const noexcept {
  sqlite3_busy_handler(db_, nullptr, nullptr);
}

Status Connection::Failure(int code, std::string_view operation) const {
  return SqliteStatus(code, db_, operation, name_);
}

Status Connection::Execute(const char* sql, std::string_view operation) const {
  const int rc = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : Failure(rc, operation);
}

Result<int64_t> Connection::QueryInt(const char* sql,
                                     std::string_view operation) const {
  Statement statement;
  if (Status prepared = Prepare(sql, statement); !prepared.ok()) {
    return prepared;
  }
  const int rc = statement.Step();
  if (rc != SQLITE_ROW) return Failure(rc, operation);
  return statement.Int(0);
}

Result<std::string> Connection::QueryText(const char* sql,
                                          std::string_view operation) const {
  Statement statement;
  if (Status prepared = Prepare(sql, statement); !prepared.ok()) {
    return prepared;
  }
  const int rc = statement.Step();
  if (rc != SQLITE_ROW) return Failure(rc, operation);
  return std::string(statement.Blob(0));
}

Status Connection::Prepare(const char* sql, Statement& statement) const {
  const int rc = statement.Prepare(db_, sql);
  return rc == SQLITE_OK ? Status() : Failure(rc, "prepare a statement on");
}

bool Connection::ReadHeader(int offset, char* to, int bytes) const noexcept {
  sqlite3_file* file = nullptr;
  const int rc =
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return rc == SQLITE_OK && file != nullptr && file->pMethods != nullptr &&
         file->pMethods->xRead(file, to, bytes, offset) == SQLITE_OK;
}

Status Connection::UseLog(std::string_view advice) const {
  const Result<std::string> mode =
      QueryText("PRAGMA journal_mode = WAL", "set up the log of");
  if (!mode.ok()) return mode.status();
  if (*mode == "wal") return Status();
  return Status(ErrorCode::kUnavailable,
                "cannot use a write-ahead log for " + name_ +
                    " (journal mode \"" + *mode + "\")" + std::string(advice));
}

}  // namespace appcache::store
