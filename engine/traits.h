// BackendTraits: what a backend is, what it takes and what it promises. A
// program asks; it never guesses from the backend's name.

#ifndef APPCACHE_ENGINE_TRAITS_H_
#define APPCACHE_ENGINE_TRAITS_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace appcache {

struct BackendTraits {
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  // One word: "sqlite", "redis". What Open calls it, where it has a scheme.
  std::string name = "unknown";

  // Where the entries are, for a person: a path, "localhost:6379, database 0".
  // Never a password.
  std::string location;

  // What Clear removes, for a person: "every key of the database (FLUSHDB)".
  std::string cleared;

  // A ttl is rounded up to a multiple of this.
  std::chrono::milliseconds ttl_resolution{1};

  // Whether TtlRaw and GetTimedRaw tell what is left of a ttl. If not, they are
  // kUnsupported.
  bool tells_ttl = false;

  // Whether WatchRaw tells what others change. If not, it is kUnsupported.
  bool tells_changes = false;

  // Whether AddRaw adds. If not, it is kUnsupported.
  bool adds = false;

  // Whether InvalidatePrefixRaw removes. If not, it is kUnsupported.
  bool invalidates_prefixes = false;

  // Longer key paths are kInvalidKey. Larger values are kTooLarge, and the key
  // is then empty. Where they share one limit, a value of max_value_bytes fits
  // under a path of one byte, and may be kTooLarge under a longer one.
  uint64_t max_key_bytes = kNoLimit;
  uint64_t max_value_bytes = kNoLimit;

  // Whether another object opened on the same place, here or in another
  // process, sees the same entries.
  bool is_shared = false;

  // Whether entries outlive the process.
  bool is_persistent = false;

  // Further limits in force, as (name, value), for a person: ("timeout",
  // "50 ms").
  std::vector<std::pair<std::string, std::string>> limits;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_TRAITS_H_
