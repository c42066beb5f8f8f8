// Statement: a prepared statement. Run: one execution of it.

#ifndef APPCACHE_ENGINE_STORE_STATEMENT_H_
#define APPCACHE_ENGINE_STORE_STATEMENT_H_

#include <cstdint>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace appcache::store {

// Not thread-safe. The connection must outlive it. Result codes are SQLite's.
class Statement {
 public:
  Statement() noexcept = default;
  Statement(Statement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Statement();

  // Prepares `sql` in place of an earlier statement. SQLITE_OK or an error.
  int Prepare(sqlite3* db, const char* sql);

  // Parameters count from 1. Blobs are not copied: they must stay valid until
  // Reset.
  void Bind(int parameter, int64_t value) noexcept;
  void BindBlob(int parameter, std::string_view value) noexcept;

  // One step: SQLITE_ROW, SQLITE_DONE, or an error.
  int Step() noexcept;

  // Columns of the current row count from 0; a view is valid until the next
  // step or reset.
  int64_t Int(int column) const noexcept;
  std::string_view Blob(int column) const noexcept;  // of a text: UTF-8
  bool IsNull(int column) const noexcept;

  // Ends the execution: releases the snapshot and what was bound.
  void Reset() noexcept;

 private:
  sqlite3_stmt* statement_ = nullptr;
};

// One execution: binds, steps, and resets at the end of its scope, so that no
// read transaction is left open.
class Run {
 public:
  explicit Run(Statement& statement) noexcept : statement_(statement) {}
  ~Run() { statement_.Reset(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Run& Bind(int parameter, int64_t value) noexcept {
    statement_.Bind(parameter, value);
    return *this;
  }
  Run& BindBlob(int parameter, std::string_view value) noexcept {
    statement_.BindBlob(parameter, value);
    return *this;
  }
  int Step() noexcept { return statement_.Step(); }
  int64_t Int(int column) const noexcept { return statement_.Int(column); }
  std::string_view Blob(int column) const noexcept {
    return statement_.Blob(column);
  }
  bool IsNull(int column) const noexcept { return statement_.IsNull(column); }

 private:
  Statement& statement_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_STATEMENT_H_
