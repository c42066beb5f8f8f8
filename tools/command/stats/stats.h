// appcache stats: prints the size and counters of a cache, or of the caches of
// a running program, once or repeatedly.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_STATS_H_
#define APPCACHE_TOOLS_COMMAND_STATS_STATS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/command/cache/open_cache.h"

namespace appcache::command {

// The names of the metrics that --prometheus prints.
enum class MetricNames {
  kAppcache,    // appcache_hits_total, ...: AddTo of prometheus.h
  kMicrometer,  // cache_gets_total, ...: AddMicrometerTo
};

struct StatsOptions {
  CacheFlags cache;
  // Instead of a cache: the recorder file of a program, and how long to wait
  // for its answer (ProgramStats::kDefaultTimeout).
  std::string recorder;
  std::optional<std::chrono::milliseconds> timeout;
  // The interval of printing. No value: once. On a terminal the report is drawn
  // in place, otherwise each is a line.
  std::optional<std::chrono::milliseconds> watch;
  std::optional<uint64_t> count;  // of reports, with `watch`
  bool json = false;
  bool prometheus = false;
  std::optional<MetricNames> names;  // with `prometheus`; default: kAppcache
};
inline constexpr std::chrono::hours kMaxStatsTimeout{1};

// Returns kFailure when the cache cannot be opened or does not answer at first,
// as does a program none of whose caches answers. A later failure of a watched
// cache is printed, and the cache asked again.
int Stats(const StatsOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_STATS_H_
