// What a cache tells of itself at one moment: what stats is made of.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_SAMPLE_H_
#define APPCACHE_TOOLS_COMMAND_STATS_SAMPLE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/tiered/tier_report.h"
#include "engine/cache.h"
#include "engine/error.h"
#include "engine/stats.h"
#include "engine/traits.h"
#include "engine/uri/uri.h"

namespace appcache {
class TieredCache;
}

namespace appcache::command {

struct StatsSample {
  // 0 when there is no such file.
  struct FileBytes {
    uint64_t file = 0;
    uint64_t log = 0;
  };

  std::chrono::steady_clock::time_point taken;
  // Of a ping; what does not answer tells less of the rest.
  Status answer;
  std::string version;
  std::chrono::nanoseconds round_trip{0};

  // The counters in it, and in `tier`, are of this process's object, which
  // nobody but the command uses.
  CacheStats stats;
  std::optional<TierReport> tier;       // of a tier
  std::optional<FileBytes> file_bytes;  // of a SQLite file
};

class StatsSource {
 public:
  // Of `cache`, which was opened at `location`.
  StatsSource(const Uri& location, std::unique_ptr<Cache> cache);
  ~StatsSource();

  // Asks the cache: a round trip, or its timeout. The first of a tier waits
  // until that has learnt how it is told of changes, five seconds at most.
  StatsSample Take();

  const BackendTraits& traits() const { return traits_; }
  // As messages call it: "a tier".
  const char* kind() const { return kind_; }

 private:
  void AwaitLink() const;

  const std::unique_ptr<Cache> cache_;
  const TieredCache* const tier_;  // the same cache, or null
  const BackendTraits traits_;
  const char* const kind_;
  std::string file_;  // empty: in no SQLite file
  bool has_awaited_ = false;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_SAMPLE_H_
