// SQLite's result codes as Status: the one table that maps them.

#ifndef APPCACHE_ENGINE_STORE_SQLITE_STATUS_H_
#define APPCACHE_ENGINE_STORE_SQLITE_STATUS_H_

#include <string_view>

#include "appcache/error.h"

struct sqlite3;

namespace appcache::store {

// The code for a primary or extended result code. kInternal for one that is no
// failure.
ErrorCode CodeOf(int sqlite_code) noexcept;

// What failed, on which database, SQLite's words for it, and what to do about
// it. Takes the extended code and the message from `db` unless that is null.
Status SqliteStatus(int sqlite_code, sqlite3* db, std::string_view operation,
                    std::string_view database);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SQLITE_STATUS_H_
