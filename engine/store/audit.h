// Audit: what the tables of a cache hold, row by row, for whoever checks them.
//
// Reads only. All of it belongs into one transaction.

#ifndef APPCACHE_ENGINE_STORE_AUDIT_H_
#define APPCACHE_ENGINE_STORE_AUDIT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// SQLite's own check of pages and indexes: true when it finds nothing,
// otherwise `tell` gets a line for each finding, at most a hundred.
Result<bool> AuditPages(const Connection& connection,
                        const std::function<void(std::string_view)>& tell);

struct EntrySizes {
  int64_t h = 0;
  std::string_view key;  // valid during the visit
  int64_t bytes = 0;     // of key and value
  // What usage says they are; none when it has no row for the entry.
  std::optional<int64_t> bytes_in_usage;
};
Status AuditEntries(const Connection& connection,
                    const std::function<void(const EntrySizes&)>& visit);

// The rows of usage that belong to no entry.
Status AuditUsage(const Connection& connection,
                  const std::function<void(int64_t h)>& visit);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_AUDIT_H_
