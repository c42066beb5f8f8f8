// CacheStats: what a cache has done since it was opened.

#ifndef APPCACHE_ENGINE_STATS_H_
#define APPCACHE_ENGINE_STATS_H_

#include <cstdint>
#include <optional>

namespace appcache {

// Counters only grow, start at zero with the object that counts them, and are
// exact when no call is in progress. A backend that does not know a figure
// leaves it empty rather than guessing zero.
struct CacheStats {
  // Reads, in keys: a batch of ten counts ten. A miss that came with an error
  // counts in both `misses` and `read_errors`.
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t read_errors = 0;

  // Writes that were done, in keys, and those that failed.
  uint64_t sets = 0;
  uint64_t invalidations = 0;
  uint64_t write_errors = 0;

  // GetVia: loaders run, loaders that threw, and callers who got the value that
  // another caller's loader made.
  uint64_t loads = 0;
  uint64_t load_failures = 0;
  uint64_t loads_shared = 0;

  // Callers of GetVia who were told, without a load, that there is no value: a
  // loader had found none (Loaded<V>::NotFound).
  uint64_t negative_hits = 0;

  // GetVia: stale values returned in place of a load's; loads begun because a
  // value was about to end; callers who did not wait for a load any longer
  // (LoadOptions: soft_timeout and hard_timeout).
  uint64_t stale_served = 0;
  uint64_t refreshes = 0;
  uint64_t loads_timed_out = 0;

  // Loads that found another process loading the key (process_lock).
  uint64_t lock_waits = 0;

  // Entries removed to stay within the limits, and because their ttl ended.
  std::optional<uint64_t> evictions;
  std::optional<uint64_t> expirations;

  // What is in the cache now: entries, and bytes of their keys and values.
  // Entries whose ttl has ended count until they are removed.
  std::optional<uint64_t> entries;
  std::optional<uint64_t> bytes;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_STATS_H_
