// The result of a replay, and how it is printed.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_REPORT_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_REPORT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "appcache/stats.h"
#include "tools/histogram/histogram.h"

namespace appcache::command {

struct ReplayReport {
  // The limits of the measured cache; none: those of its URI.
  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;

  // Requests for a value. Requests to set or to delete are in the histograms
  // only.
  uint64_t requests = 0;
  uint64_t hits = 0;
  // Of the values that were requested, and of those that were hits.
  uint64_t requested_bytes = 0;
  uint64_t hit_bytes = 0;
  // Values that were not stored because they are too large for the cache.
  uint64_t too_large = 0;

  // Of calls, in nanoseconds. Sets are those of misses and of the trace.
  Histogram gets;
  Histogram sets;
  Histogram deletes;
  uint64_t trace_operations = 0;
  bool lacks_times = false;  // the trace states ttls, but no times
  uint64_t nanoseconds = 0;  // all calls together

  // What the cache has estimated of other sizes while it ran.
  std::optional<HitRatioCurve> estimates;

  // Of the trace per second of these calls.
  double OperationsPerSecond() const;
  // 0 without requests.
  double HitPercent() const;
  double ByteHitPercent() const;
};

// Print one report per capacity. Return the exit status.
int PrintReplay(const std::vector<ReplayReport>& reports);
int PrintReplayJson(const std::vector<ReplayReport>& reports);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_REPORT_H_
