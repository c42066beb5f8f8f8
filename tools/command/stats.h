// appcache stats: how much is in a cache, once or again and again.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_H_
#define APPCACHE_TOOLS_COMMAND_STATS_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "tools/command/open_cache.h"

namespace appcache::command {

struct StatsOptions {
  CacheFlags cache;
  // How often to print; none: once. On a terminal in place, otherwise a line
  // each time.
  std::optional<std::chrono::milliseconds> watch;
  std::optional<uint64_t> count;  // with `watch`: then it is over
  bool json = false;
  bool prometheus = false;
};
// kFailure when the cache cannot be opened, or does not answer at first. A
// watched one may do so again: that it does not is printed.
int Stats(const StatsOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_H_
