// Every SQL statement of the cache, and the tables that they work on.
//
// None of them scans a table: each finds its rows by primary key or index, and
// a test checks the query plan of each. Walks over all rows go in steps along
// the primary key.

#ifndef APPCACHE_ENGINE_STORE_STATEMENTS_H_
#define APPCACHE_ENGINE_STORE_STATEMENTS_H_

#include <array>
#include <cstddef>

namespace appcache::store::sql {

// The layout, version kSchemaVersion.
//
// - h is the seeded hash of the key path, so a lookup descends one tree of
//   integers. When two paths have the same h, a set of one replaces the other.
// - expires_at is in milliseconds since the Unix epoch; 0: never. It stands
//   before key and value, so that reading it does not walk the pages of a large
//   value.
// - checksum is that of h, key and value (checksum.h). NULL: an older build,
//   which does not know the column, has written the row. It is the last column,
//   so that a table of such a build gets it by ALTER TABLE, in constant time.
// - last_used is the tick of the last access (policy/tick_source.h).
// - usage is a narrow table of its own, so that writing accesses dirties few
//   pages.
// - meta has one row. Its counts are exact as of the last transaction.
struct SchemaObject {
  const char* type;
  const char* name;
  const char* table;
  const char* sql;  // creates it; SQLite stores this text
};
inline constexpr SchemaObject kSchema[] = {
    {"table", "entries", "entries",
     "CREATE TABLE entries(h INTEGER PRIMARY KEY, expires_at INTEGER NOT NULL,"
     " key BLOB NOT NULL, value BLOB NOT NULL, checksum INTEGER)"},
    {"table", "usage", "usage",
     "CREATE TABLE usage(h INTEGER PRIMARY KEY, last_used INTEGER NOT NULL,"
     " bytes INTEGER NOT NULL)"},
    {"table", "meta", "meta",
     "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1),"
     " schema_version INTEGER NOT NULL, hash_seed INTEGER NOT NULL,"
     " entry_count INTEGER NOT NULL, total_bytes INTEGER NOT NULL)"},
    {"index", "entries_by_expiry", "entries",
     "CREATE INDEX entries_by_expiry ON entries(expires_at)"
     " WHERE expires_at > 0"},
    {"index", "usage_by_last_used", "usage",
     "CREATE INDEX usage_by_last_used ON usage(last_used)"},
};
inline constexpr size_t kTables = 3;   // the first of them
inline constexpr size_t kEntries = 0;  // the first of all

// The table entries as older builds create it, and the statement that makes it
// equal to the one above.
inline constexpr SchemaObject kOlderEntries = {
    "table", "entries", "entries",
    "CREATE TABLE entries(h INTEGER PRIMARY KEY, expires_at INTEGER NOT NULL,"
    " key BLOB NOT NULL, value BLOB NOT NULL)"};
inline constexpr char kAddChecksums[] =
    "ALTER TABLE main.entries ADD COLUMN checksum INTEGER";

// The objects of a database that belongs to the cache, and those of a borrowed
// one that have to do with the cache's tables. The second finds them by name:
// SQLite compares names without regard to case.
inline constexpr char kReadSchema[] =
    "SELECT type, name, tbl_name, sql FROM main.sqlite_schema";
inline constexpr char kReadBorrowedSchema[] =
    "SELECT type, name, tbl_name, sql FROM main.sqlite_schema"
    " WHERE lower(tbl_name) IN ('entries', 'usage', 'meta')"
    " OR lower(name) IN ('entries', 'usage', 'meta')";
inline constexpr char kReadEntriesTable[] =
    "SELECT sql FROM main.sqlite_schema"
    " WHERE type = 'table' AND name = 'entries'";

inline constexpr char kCreateMeta[] =
    "INSERT INTO meta(id, schema_version, hash_seed, entry_count, total_bytes)"
    " VALUES (1, ?1, ?2, 0, 0)";

inline constexpr char kReadMeta[] =
    "SELECT schema_version, hash_seed, entry_count, total_bytes FROM meta"
    " WHERE id = 1";

inline constexpr char kWriteCounts[] =
    "UPDATE meta SET entry_count = ?1, total_bytes = ?2 WHERE id = 1";

// --- Reading one entry.

inline constexpr char kGet[] =
    "SELECT expires_at, key, value, checksum FROM entries WHERE h = ?1";

inline constexpr char kGetExpiry[] =
    "SELECT expires_at, key FROM entries WHERE h = ?1";

// --- Writing one entry.

inline constexpr char kGetBytes[] = "SELECT bytes FROM usage WHERE h = ?1";

inline constexpr char kPutEntry[] =
    "REPLACE INTO entries(h, expires_at, key, value, checksum)"
    " VALUES (?1, ?2, ?3, ?4, ?5)";

inline constexpr char kPutUsage[] =
    "REPLACE INTO usage(h, last_used, bytes) VALUES (?1, ?2, ?3)";

// An older access than the recorded one changes nothing, and an access of a
// removed entry does not restore it.
inline constexpr char kWriteAccess[] =
    "UPDATE usage SET last_used = ?2 WHERE h = ?1 AND last_used < ?2";

inline constexpr char kSetExpiry[] =
    "UPDATE entries SET expires_at = ?2 WHERE h = ?1";

inline constexpr char kDeleteEntryOfKey[] =
    "DELETE FROM entries WHERE h = ?1 AND key = ?2";

inline constexpr char kDeleteEntry[] = "DELETE FROM entries WHERE h = ?1";

// Without RETURNING, which opens a table of its own in each run: 20,000 of the
// 115,000 instructions of a set with eviction.
inline constexpr char kDeleteUsage[] = "DELETE FROM usage WHERE h = ?1";

// --- Choosing victims.

// ?1 is the smallest integer in kOldest and the largest in kNewest, so both
// conditions are always true. They make SQLite search the index instead of
// scanning it, which the query plan test forbids.
inline constexpr char kOldest[] =
    "SELECT h, last_used, bytes FROM usage WHERE last_used >= ?1"
    " ORDER BY last_used LIMIT 1";

inline constexpr char kNewest[] =
    "SELECT last_used FROM usage WHERE last_used <= ?1"
    " ORDER BY last_used DESC LIMIT 1";

inline constexpr char kFirstToExpire[] =
    "SELECT h, expires_at FROM entries WHERE expires_at > 0"
    " ORDER BY expires_at LIMIT 1";

// --- Walking over all rows, in steps.

inline constexpr char kKeysFrom[] =
    "SELECT e.h, e.expires_at, e.key, u.last_used, u.bytes"
    " FROM entries e JOIN usage u ON u.h = e.h WHERE e.h >= ?1"
    " ORDER BY e.h LIMIT ?2";

inline constexpr char kEntriesFrom[] =
    "SELECT e.h, e.expires_at, e.key, u.last_used, u.bytes, e.value, e.checksum"
    " FROM entries e JOIN usage u ON u.h = e.h WHERE e.h >= ?1"
    " ORDER BY e.h LIMIT ?2";

// The same from the least to the most recently used. Starts after the access ?1
// of the entry ?2.
inline constexpr char kEntriesByAccess[] =
    "SELECT e.h, e.expires_at, e.key, u.last_used, u.bytes, e.value, e.checksum"
    " FROM usage u JOIN entries e ON e.h = u.h"
    " WHERE (u.last_used, u.h) > (?1, ?2)"
    " ORDER BY u.last_used, u.h LIMIT ?3";

inline constexpr char kHashesFrom[] =
    "SELECT h, key FROM entries WHERE h >= ?1 ORDER BY h LIMIT ?2";

// For a check: each side of what should agree.
inline constexpr char kAuditedEntriesFrom[] =
    "SELECT e.h, e.key, e.value, u.bytes, e.expires_at, u.last_used,"
    " e.checksum, typeof(e.key) = 'blob' AND typeof(e.value) = 'blob'"
    " AND typeof(e.expires_at) = 'integer'"
    " AND typeof(e.checksum) IN ('integer', 'null')"
    " AND (u.h IS NULL OR"
    " typeof(u.bytes) = 'integer' AND typeof(u.last_used) = 'integer')"
    " FROM entries e LEFT JOIN usage u ON u.h = e.h WHERE e.h >= ?1"
    " ORDER BY e.h LIMIT ?2";

inline constexpr char kUsageFrom[] =
    "SELECT u.h, u.bytes, e.h IS NOT NULL"
    " FROM usage u LEFT JOIN entries e ON e.h = u.h WHERE u.h >= ?1"
    " ORDER BY u.h LIMIT ?2";

// --- Correcting times.

// The accesses after the access ?1 of the entry ?2, the oldest first. The
// others change one entry: its expiry time becomes ?2 milliseconds earlier.
inline constexpr char kAccessesAfter[] =
    "SELECT h, last_used FROM usage WHERE (last_used, h) > (?1, ?2)"
    " ORDER BY last_used, h LIMIT ?3";
inline constexpr char kMoveExpiry[] =
    "UPDATE entries SET expires_at = max(expires_at - ?2, 1)"
    " WHERE h = ?1 AND expires_at > 0";
inline constexpr char kRenumberAccess[] =
    "UPDATE usage SET last_used = ?2 WHERE h = ?1";

// --- Removing all rows: SQLite drops whole tables without visiting them.

inline constexpr char kClear[] = "DELETE FROM entries; DELETE FROM usage;";

// Run within a transaction, the first makes its commit return all free pages,
// if the database was created with auto_vacuum. The second ends that for later
// ones. PRAGMA incremental_vacuum would search the list of free pages for each
// page: 9 s for 400 MB, against 0.1 s.
inline constexpr char kReturnSpaceAtCommit[] = "PRAGMA auto_vacuum = FULL";
inline constexpr char kKeepSpaceAtCommit[] = "PRAGMA auto_vacuum = INCREMENTAL";

// All of the above with a query plan, for the test.
inline constexpr std::array kAll = {
    kCreateMeta,      kReadMeta,         kWriteCounts,        kGet,
    kGetExpiry,       kGetBytes,         kPutEntry,           kPutUsage,
    kWriteAccess,     kDeleteEntryOfKey, kDeleteEntry,        kDeleteUsage,
    kOldest,          kNewest,           kFirstToExpire,      kKeysFrom,
    kEntriesFrom,     kHashesFrom,       kAuditedEntriesFrom, kUsageFrom,
    kEntriesByAccess, kAccessesAfter,    kMoveExpiry,         kRenumberAccess,
    kSetExpiry,
};

}  // namespace appcache::store::sql

#endif  // APPCACHE_ENGINE_STORE_STATEMENTS_H_
