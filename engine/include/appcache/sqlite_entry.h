// Entries of a SqliteCache with their recency and expiry, and the report of a
// check.

#ifndef APPCACHE_SQLITE_ENTRY_H_
#define APPCACHE_SQLITE_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/times.h"

namespace appcache {

// An entry without its value.
struct EntryInfo {
  std::string path;
  uint64_t bytes = 0;  // of path and value
  TimePoint last_used;
  std::optional<TimePoint> expires_at;
};

// An entry with its value, as stored.
struct StoredEntry {
  EntryInfo info;
  Bytes value;
};

// The result of SqliteCache::Check.
struct CheckReport {
  static constexpr size_t kMaxProblems = 100;

  // The sound entries, and the bytes of their keys and values.
  uint64_t entries = 0;
  uint64_t bytes = 0;
  // One line per problem, at most kMaxProblems. Empty when all is well.
  std::vector<std::string> problems;
};

}  // namespace appcache

#endif  // APPCACHE_SQLITE_ENTRY_H_
