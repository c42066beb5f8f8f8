// Tables: the tables of a cache.

#ifndef APPCACHE_ADAPTERS_LMDB_TABLES_H_
#define APPCACHE_ADAPTERS_LMDB_TABLES_H_

#include <lmdb.h>

#include <cstdint>

namespace appcache::lmdb {

// An entry has one row in `entries`, one in `order` and, if it expires, one in
// `expiries`. Damage may leave rows in the latter two that name no entry of
// their sequence number; they are removed when they are found.
//
// `entries` is LMDB's main table, where LMDB also stores the names of the other
// two. A read of a table with a name looks up the name first, which takes a
// fifth of the time of a get. No EntryKey equals a name.
struct Tables {
  // The rows of the main table that are not entries: the names "order" and
  // "ends", and the schema. "time" (follow_clock.h) may be another.
  static constexpr uint64_t kOtherRows = 3;

  MDB_dbi entries = 0;   // EntryKey -> record
  MDB_dbi order = 0;     // "order": sequence number -> EntryKey
  MDB_dbi expiries = 0;  // "ends": expiry time, sequence number -> nothing
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_TABLES_H_
