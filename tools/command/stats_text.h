// A StatsSample as text: for people, for logs, for programs, for Prometheus.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_STATS_TEXT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/clock.h"
#include "engine/traits.h"
#include "tools/command/stats_sample.h"

namespace appcache::command {

// What a text is made of.
struct StatsView {
  const BackendTraits& traits;
  const char* kind;  // see StatsSource
  const StatsSample& now;
  const StatsSample* before = nullptr;  // for rates; null: there are none
};

// A line per figure, "entries  12034, +3.0/s". What is no text is escaped.
std::string StatsBlock(const StatsView& view);

// One flat object; null for what is not told. Times and rates have their unit
// in their name.
nlohmann::ordered_json StatsJson(const StatsView& view, TimePoint time);

// "2026-11-28T15:53:58Z entries=12034 entries_per_s=3.0 ...", a line: what
// StatsJson has and what is told, but for what does not change.
std::string StatsLine(const StatsView& view, TimePoint time);

// See engine/prometheus.h; the label is where the cache is.
std::string StatsPrometheus(const StatsView& view);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_TEXT_H_
