// appcache replay: measures a cache on a trace of keys.

#ifndef APPCACHE_TOOLS_COMMAND_REPLAY_H_
#define APPCACHE_TOOLS_COMMAND_REPLAY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/error.h"
#include "tools/command/histogram.h"
#include "tools/command/line_reader.h"
#include "tools/command/open_cache.h"

namespace appcache::command {

struct ReplayReport {
  uint64_t requests = 0;
  uint64_t hits = 0;
  Histogram gets;  // in nanoseconds
  Histogram sets;  // in nanoseconds
};

// Gets the key on each line and, on a miss, sets it to `value`. Skips empty
// lines. Stops at the first error; its message names the line.
Status ReplayTrace(LineReader& trace, Backend& backend, std::string_view value,
                   ReplayReport& report);

struct ReplayOptions {
  std::string trace;  // "-": standard input
  // Without a URI, an in-memory cache that only the replay uses.
  CacheFlags cache;
  uint64_t value_bytes = 100;
  bool json = false;
};
int Replay(const ReplayOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_REPLAY_H_
