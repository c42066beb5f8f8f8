// StatsSource: takes samples of a cache's state, for stats.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_STATS_SAMPLE_H_
#define APPCACHE_TOOLS_COMMAND_STATS_STATS_SAMPLE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/stats.h"
#include "appcache/tier_report.h"
#include "appcache/traits.h"
#include "engine/uri/uri.h"

namespace appcache {
class TieredCache;
}

namespace appcache::command {

struct StatsSample {
  // Sizes in bytes; 0 when the file does not exist.
  struct FileBytes {
    uint64_t file = 0;
    uint64_t log = 0;
  };

  std::chrono::steady_clock::time_point taken;
  // The status of a ping. After a failure, other figures may be missing.
  Status answer;
  std::string version;
  std::chrono::nanoseconds round_trip{0};

  // A cache of a running program, which has answered (program_stats.h).
  struct Program {
    std::string prefix;
    std::string label;  // of metrics: differs from those of its other caches
  };
  std::optional<Program> program;

  // Without `program`, the counters here and in `tier` are those of this
  // process, which does nothing but take samples.
  CacheStats stats;
  std::optional<TierReport> tier;       // only of a tier
  std::optional<FileBytes> file_bytes;  // only of a SQLite file
};

struct CacheSample {
  BackendTraits traits;
  const char* kind;  // what messages call the cache: "a tier"
  StatsSample sample;
};

class StatsSource {
 public:
  // Takes samples of `cache`, which was opened at `location`.
  StatsSource(const internal::Uri& location, std::unique_ptr<Cache> cache);
  ~StatsSource();

  // Takes a sample. Costs a round trip, or its timeout. The first sample of a
  // tier waits up to five seconds for its link to the remote cache.
  CacheSample Take();

 private:
  void AwaitLink() const;

  const std::unique_ptr<Cache> cache_;
  const TieredCache* const tier_;  // the same cache, or null
  const BackendTraits traits_;
  const char* const kind_;
  std::string file_;  // empty unless the cache is a SQLite file
  bool has_awaited_ = false;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_STATS_SAMPLE_H_
