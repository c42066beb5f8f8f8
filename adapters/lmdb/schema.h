// The schema: the tables of a cache, and the row that marks the database as
// appcache's and gives its version.

#ifndef APPCACHE_ADAPTERS_LMDB_SCHEMA_H_
#define APPCACHE_ADAPTERS_LMDB_SCHEMA_H_

#include <lmdb.h>

#include <string>

#include "adapters/lmdb/tables.h"
#include "appcache/error.h"

namespace appcache::lmdb {

// The number of tables that have a name.
inline constexpr unsigned kNamedTables = 2;

// Opens the tables of a cache, or creates them in an empty database.
// kUnsupported when the database is another program's or has another version.
// The handles are valid once `txn` is committed.
Status OpenTables(MDB_txn* txn, const std::string& directory, Tables& tables);

// Writes the row. Returns LMDB's code.
int StoreSchema(MDB_txn* txn, const Tables& tables);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_SCHEMA_H_
