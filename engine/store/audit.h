// Audit: reads the tables of a cache row by row, for a check.
//
// Reads only. Call all functions within one transaction.

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

// The same by SQLite's quick_check, which does not compare indexes with tables.
// Damage is not an error here.
Result<bool> PagesAreSound(const Connection& connection);

struct EntrySizes {
  int64_t h = 0;
  std::string_view key;       // valid during the visit
  int64_t bytes = 0;          // of key and value
  int64_t expires_at_ms = 0;  // 0: never
  // The same as usage has it; none when it has no row for the entry.
  std::optional<int64_t> bytes_in_usage;
};
Status AuditEntries(const Connection& connection,
                    const std::function<void(const EntrySizes&)>& visit);

// Visits the rows of usage that belong to no entry.
Status AuditUsage(const Connection& connection,
                  const std::function<void(int64_t h)>& visit);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_AUDIT_H_
