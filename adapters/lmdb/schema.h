// The schema: the tables of a cache, and the row that says whose they are.

#ifndef APPCACHE_ADAPTERS_LMDB_SCHEMA_H_
#define APPCACHE_ADAPTERS_LMDB_SCHEMA_H_

#include <lmdb.h>

#include <string>

#include "adapters/lmdb/entries.h"
#include "engine/error.h"

namespace appcache::lmdb {

// How many tables have a name.
inline constexpr unsigned kNamedTables = 2;

// Makes the tables of an empty database, or finds those of a cache.
// kUnsupported: it is another program's, or a newer version's. The handles are
// good once the transaction is committed.
Status OpenTables(MDB_txn* txn, const std::string& directory, Tables& tables);

// Writes the row. LMDB's code.
int StoreSchema(MDB_txn* txn, const Tables& tables);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_SCHEMA_H_
