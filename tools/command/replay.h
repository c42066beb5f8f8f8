// appcache replay: how a cache does on a trace of what was asked for.

#ifndef APPCACHE_TOOLS_COMMAND_REPLAY_H_
#define APPCACHE_TOOLS_COMMAND_REPLAY_H_

#include <cstdint>
#include <string>

#include "engine/cache.h"
#include "engine/error.h"
#include "tools/command/histogram.h"
#include "tools/command/line_reader.h"
#include "tools/command/open_cache.h"

namespace appcache::command {

// What a replay saw. Times are in nanoseconds.
struct ReplayReport {
  uint64_t requests = 0;
  uint64_t hits = 0;
  Histogram gets;
  Histogram sets;
};

// For each line a get, and on a miss a set of `value`. Lines without a
// character do not count.
Status ReplayTrace(LineReader& trace, Cache& cache, std::string_view value,
                   ReplayReport& report);

struct ReplayOptions {
  std::string trace;  // "-": standard input
  // Without a uri: a cache in memory of the replay's own.
  CacheFlags cache;
  uint64_t value_bytes = 100;
  bool json = false;
};
int Replay(const ReplayOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_REPLAY_H_
