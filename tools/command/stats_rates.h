// How much a cache changes in a second.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_RATES_H_
#define APPCACHE_TOOLS_COMMAND_STATS_RATES_H_

#include <optional>

#include "tools/command/stats_text.h"

namespace appcache::command {

// Between the two samples, in tenths. None when there is one sample only, or
// one of them does not tell.
std::optional<double> EntriesRate(const StatsView& view);
std::optional<double> BytesRate(const StatsView& view);
// Of a tier: of what it was told.
std::optional<double> ChangesRate(const StatsView& view);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_RATES_H_
