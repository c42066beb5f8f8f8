#include "engine/store/statement.h"

#include <sqlite3.h>

namespace appcache::store {

Statement::~Statement() { sqlite3_finalize(statement_); }

int Statement::Prepare(sqlite3* db, const char* sql) {
  sqlite3_finalize(std::exchange(statement_, nullptr));
  return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                            nullptr);
}

// Binding can fail only for a parameter that the statement does not have (tests
// run every statement) and for a blob above SQLite's limit, which is larger
// than kMaxValueBytes.
void Statement::Bind(int parameter, int64_t value) noexcept {
  sqlite3_bind_int64(statement_, parameter, value);
}

void Statement::BindBlob(int parameter, std::string_view value) noexcept {
  // A null pointer would be bound as NULL.
  const char* const data = value.empty() ? "" : value.data();
  sqlite3_bind_blob64(statement_, parameter, data, value.size(), SQLITE_STATIC);
}

int Statement::Step() noexcept { return sqlite3_step(statement_); }

int64_t Statement::Int(int column) const noexcept {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::Blob(int column) const noexcept {
  // The order matters: column_bytes alone would convert the value to text.
  // column_blob would return a text in the encoding of the database.
  const bool is_text = sqlite3_column_type(statement_, column) == SQLITE_TEXT;
  const void* const data = is_text ? sqlite3_column_text(statement_, column)
                                   : sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

bool Statement::IsNull(int column) const noexcept {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Statement::Reset() noexcept { sqlite3_reset(statement_); }

}  // namespace appcache::store
