// RunAge: whether a recorded run may be replayed, judged by its age.
//
//   recorded            + ttl                 + ttl + stale
//      |---- kFresh ----|------- kStale -------|---- kExpired ----

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_AGE_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_AGE_H_

#include <chrono>

#include "tools/command/exec/run_record.h"

namespace appcache::command {

// How long a run is of use. Each is at most kMaxTtl.
struct RunLifetime {
  std::chrono::milliseconds ttl{0};    // 0: for ever
  std::chrono::milliseconds stale{0};  // after the ttl

  // The ttl of the record in the cache; at most kMaxTtl, 0: for ever.
  std::chrono::milliseconds Total() const;
};

enum class RunAge {
  kFresh,
  kStale,  // may be replayed while another process runs the command
  kExpired,
};

// The age of `run` at `now` for a caller with `lifetime`. A run is fresh for
// the ttl with which it was recorded, or that of the caller, whichever is
// shorter. One that is from the future by more than five minutes is expired: a
// clock was set back, and the age is not known. If no ttl limits the run, it is
// always fresh.
RunAge AgeOf(const Run& run, const RunLifetime& lifetime,
             std::chrono::milliseconds now);

// How long a refresh that has failed is not repeated: for the ttl, but at least
// a second and at most a minute.
std::chrono::milliseconds RetryInterval(const RunLifetime& lifetime);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_AGE_H_
