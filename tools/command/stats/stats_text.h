// Formats a StatsSample: for people, logs, programs and Prometheus.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_STATS_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_STATS_STATS_TEXT_H_

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "appcache/times.h"
#include "appcache/traits.h"
#include "tools/command/stats/stats_sample.h"

namespace appcache::command {

// The input of the functions below.
struct StatsView {
  const BackendTraits& traits;
  const char* kind;  // see CacheSample
  const StatsSample& now;
  const StatsSample* before = nullptr;  // for rates; null: no rates
};

// One line per figure: "entries  12034, +3.0/s". Control characters and bytes
// that are not UTF-8 are escaped.
std::string StatsBlock(const StatsView& view);

// The object "stats" of json.md.
nlohmann::ordered_json StatsJson(const StatsView& view, TimePoint time);

// One line: "2026-11-28T15:53:58Z entries=12034 entries_per_s=3.0 ...". It has
// the figures of StatsJson that are known and can change, after the location
// and the prefix of a cache of a program; those of a tier start with "tier_".
std::string StatsLine(const StatsView& view, TimePoint time);

// The format of prometheus.h, for one cache or several. The label is the
// location of the cache, and also its prefix for a cache of a program.
std::string StatsPrometheus(std::span<const StatsView> views);

// The same with the names of Micrometer, which has none for the figures of a
// file and of a tier, and for a curve.
std::string StatsMicrometer(std::span<const StatsView> views);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_STATS_TEXT_H_
