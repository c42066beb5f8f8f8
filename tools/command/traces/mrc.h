// appcache mrc: the hit ratio of a trace over the capacities of a cache.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_MRC_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_MRC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"
#include "tools/trace/trace.h"

namespace appcache::command {

struct MrcOptions {
  std::string trace;  // "-": standard input
  std::optional<trace::Format> format;
  // Capacities in entries, ascending. Empty: chosen by the number of keys.
  std::vector<uint64_t> capacities;
  // Hit ratios, in percent, whose capacity is asked for.
  std::vector<double> targets_percent;
  // The share of the keys that are looked at; 1: all, exactly.
  double sample = 1;
  // Also the curve of a cache that honours the ttls that the trace states.
  bool ttls = true;
  // Also simulate FIFO, S3-FIFO and the optimum, without ttls. Needs all keys.
  bool compare = false;
  bool json = false;
};
int Mrc(const MrcOptions& options);

// "90" or "90%" or "99.5": more than 0, at most 100.
Result<double> ParsePercent(std::string_view text);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_MRC_H_
