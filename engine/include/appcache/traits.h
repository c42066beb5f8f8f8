// BackendTraits: what a backend is, what it supports, and its limits. A program
// asks; it never guesses from the backend's name.

#ifndef APPCACHE_TRAITS_H_
#define APPCACHE_TRAITS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "appcache/times.h"

namespace appcache {

struct BackendTraits {
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  // One word: "sqlite", "redis". The scheme of its URI, where it has one.
  std::string name = "unknown";

  // Where the entries are, for a person: a path, "localhost:6379, database 0".
  // Never contains a password.
  std::string location;

  // What Clear removes, for a person: "every key of the database (FLUSHDB)".
  std::string cleared;

  // A ttl is rounded up to a multiple of this.
  Ttl ttl_resolution{1};

  // Optional operations. Where one of these is false, the operations named
  // beside it are kUnsupported.
  bool supports_ttl_query = false;  // TtlRaw, GetTimedRaw, GetManyTimedRaw
  bool supports_watch = false;      // WatchRaw
  bool supports_add = false;        // AddRaw
  bool supports_prefix_invalidation = false;  // InvalidatePrefixRaw
  bool supports_walk = false;                 // WalkRaw

  // Longer key paths are kInvalidKey. Larger values are kTooLarge, and the key
  // is then empty. Where both share one limit, a value of max_value_bytes fits
  // under a path of one byte and may be kTooLarge under a longer one.
  uint64_t max_key_bytes = kNoLimit;
  uint64_t max_value_bytes = kNoLimit;

  // Whether another object opened on the same place, here or in another
  // process, sees the same entries.
  bool is_shared = false;

  // Whether entries survive the end of the process.
  bool is_persistent = false;

  // Further limits in force, as (name, value), for a person: ("timeout",
  // "50 ms").
  std::vector<std::pair<std::string, std::string>> limits;
};

}  // namespace appcache

#endif  // APPCACHE_TRAITS_H_
