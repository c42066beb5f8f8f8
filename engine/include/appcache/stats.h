// CacheStats: counters and sizes of a cache.

#ifndef APPCACHE_STATS_H_
#define APPCACHE_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "appcache/require_cxx20.h"

namespace appcache {

// What a cache would hit if it had another size, estimated while it runs.
struct HitRatioCurve {
  static constexpr std::array<double, 5> kScales = {0.25, 0.5, 1, 2, 4};

  // A cache with `scale` times the entries would hit this share of the reads
  // of the last millions.
  struct Point {
    double scale = 0;
    double hit_ratio = 0;  // 0 to 1
  };
  // In the order of kScales. That of scale 1 is measured.
  std::array<Point, kScales.size()> points;

  // The size of the cache at scale 1, and the reads that were sampled.
  uint64_t entries = 0;
  uint64_t samples = 0;
};

// Counters start at zero when the object that counts them is created, only
// grow, and are exact while no call is in progress. A backend leaves a figure
// empty that it does not know.
struct CacheStats {
  // Reads, in keys: a batch of ten counts as ten. A miss with an error counts
  // as one of `misses` and as one of `read_errors`.
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t read_errors = 0;

  // Writes that succeeded, in keys, and writes that failed.
  uint64_t sets = 0;
  uint64_t invalidations = 0;
  uint64_t write_errors = 0;

  // GetVia: loaders that returned or threw, those that threw, and callers that
  // got the value of another caller's loader.
  uint64_t loads = 0;
  uint64_t load_failures = 0;
  uint64_t loads_shared = 0;

  // GetVia: callers that got no value and ran no loader, because an earlier
  // loader had found that there is none (Loaded<V>::NotFound).
  uint64_t negative_hits = 0;

  // GetVia: stale values that were returned instead of loaded ones; background
  // loads that were started shortly before a value expires (refresh_ahead);
  // callers that stopped waiting for a load (soft_timeout and hard_timeout).
  uint64_t stale_served = 0;
  uint64_t refreshes = 0;
  uint64_t loads_timed_out = 0;

  // GetVia: loads that waited for another process that was loading the key
  // (process_lock).
  uint64_t lock_waits = 0;

  // Entries that were removed to stay within the limits, and those that were
  // removed because they had expired.
  std::optional<uint64_t> evictions;
  std::optional<uint64_t> expirations;

  // The entries in the cache now, and the bytes of their keys and values.
  // Expired entries count until they are removed.
  std::optional<uint64_t> entries;
  std::optional<uint64_t> bytes;

  // Writes of a cache with a write-behind window that failed, and are retried.
  std::optional<uint64_t> flush_failures;

  // The memory of a database in memory, and of its write-ahead log. Beside it:
  // its directory; keys and values that are read from memory; those that the
  // database does not have yet; and what was removed or replaced, and waits
  // until no reader can still use it, or until the database has removed it too.
  std::optional<uint64_t> database_memory_bytes;
  std::optional<uint64_t> log_memory_bytes;
  std::optional<uint64_t> directory_bytes;
  std::optional<uint64_t> resident_bytes;
  std::optional<uint64_t> pending_bytes;
  std::optional<uint64_t> retired_bytes;

  // What the cache would hit if it were larger or smaller. Empty before enough
  // reads were sampled. The estimate is of an LRU whose misses are followed by
  // a set of the key; on real traces it is within a point (0.01) of the exact
  // ratio. A key that was evicted, and whose prefix is invalidated afterwards,
  // still counts as evicted.
  std::optional<HitRatioCurve> hit_ratio_curve;
};

}  // namespace appcache

#endif  // APPCACHE_STATS_H_
