// Changes per second between two samples of stats, and ratios.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_STATS_RATES_H_
#define APPCACHE_TOOLS_COMMAND_STATS_STATS_RATES_H_

#include <optional>

#include "appcache/stats.h"
#include "tools/command/stats/stats_text.h"

namespace appcache::command {

// The change per second, rounded to tenths. No value when there is only one
// sample, or when a sample lacks the figure, as after a failure.
std::optional<double> EntriesRate(const StatsView& view);
std::optional<double> BytesRate(const StatsView& view);
// The share of the reads that were hits. No value without a read.
std::optional<double> HitPercent(const CacheStats& stats);

// The reads of a program. No value either when its counters began anew.
std::optional<double> ReadsRate(const StatsView& view);
// The changes published to a tier.
std::optional<double> ChangesRate(const StatsView& view);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_STATS_RATES_H_
