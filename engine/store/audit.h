// Audit: reads the tables of a cache row by row, for a check.
//
// Reads only, except for CheckAndRepair. Call all other functions within one
// transaction.

#ifndef APPCACHE_ENGINE_STORE_AUDIT_H_
#define APPCACHE_ENGINE_STORE_AUDIT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "appcache/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// SQLite's own check of pages and indexes. True when it finds no problem;
// otherwise calls `report` with a line for each, at most a hundred.
Result<bool> AuditPages(const Connection& connection,
                        const std::function<void(std::string_view)>& report);

// The same without a report. Damage is not an error here.
Result<bool> IsSound(const Connection& connection);

// The same by SQLite's quick_check, which does not compare indexes with tables:
// enough for a reader that uses none.
Result<bool> PagesAreSound(const Connection& connection);

struct Repair {
  bool is_damaged = false;  // beyond repair, and unchanged
  bool has_rebuilt_indexes = false;
  size_t removed_entries = 0;  // those whose checksum was wrong
};

// Checks all pages, indexes and checksums. Rebuilds the indexes if something is
// wrong with the pages, or if an index is missing (`lacks_index`), and removes
// the entries whose checksum is wrong. REQUIRES: the writer lock is held, and
// the connection has no transaction.
Result<Repair> CheckAndRepair(Connection& connection, bool lacks_index);

struct AuditedEntry {
  int64_t h = 0;
  std::string_view key;       // valid during the visit
  int64_t bytes = 0;          // of key and value
  int64_t expires_at_ms = 0;  // 0: never
  // The same as usage has it; none when it has no row for the entry.
  std::optional<int64_t> bytes_in_usage;
  int64_t last_used = 0;   // a tick; 0 without a row in usage
  bool has_types = false;  // every column is of the type that the cache writes
  bool is_intact = false;  // the checksum is right
};
Status AuditEntries(const Connection& connection,
                    const std::function<void(const AuditedEntry&)>& visit);

// Visits the rows of usage that belong to no entry.
Status AuditUsage(const Connection& connection,
                  const std::function<void(int64_t h)>& visit);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_AUDIT_H_
