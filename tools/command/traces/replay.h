// appcache replay: measures a cache on a trace.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "appcache/backend.h"
#include "appcache/error.h"
#include "tools/command/traces/replay_report.h"
#include "tools/command/traces/trace_clock.h"
#include "tools/trace/trace.h"

namespace appcache::command {

struct ReplayOptions {
  std::string trace;  // "-": standard input
  std::optional<trace::Format> format;
  // The URI of the cache. Empty: an in-memory cache that only the replay uses.
  std::string cache;
  // The limits of the cache. Each combination is a replay; only one of the two
  // may have several values.
  std::vector<uint64_t> max_entries;
  std::vector<uint64_t> max_bytes;
  // Of values whose size the trace does not state.
  uint64_t value_bytes = 100;
  bool json = false;
};
int Replay(const ReplayOptions& options);

// Larger values are not stored, and not allocated.
inline constexpr uint64_t kMaxReplayedValueBytes = uint64_t{64} << 20;

// Does the requests of the trace. A get that misses is followed by a set of a
// value of the size that the trace states, else of `value_bytes`, with the ttl
// of the request. A value from the trace that is too large for the cache is
// counted, and not stored. Moves `clock`, if that is not null, to the time of
// each request; then ttls without a time are ignored. Stops at the first error;
// its message says where.
Status ReplayTrace(trace::Trace& trace, Backend& backend, TraceClock* clock,
                   uint64_t value_bytes, ReplayReport& report);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_REPLAY_H_
