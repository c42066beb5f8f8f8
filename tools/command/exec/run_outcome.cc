#include "tools/command/exec/run_outcome.h"

#include <chrono>

#include "appcache/clock.h"

namespace appcache::command {

bool IsWorthCaching(const ExecOptions& options, const RunResult& result) {
  return result.started.ok() && result.is_complete &&
         (result.exit_status == 0 || options.cache_failures);
}

Status FinishRecording(const ExecOptions& options, const RunResult& result,
                       Recording& recording) {
  if (!recording.status().ok()) return recording.status();
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      Clock::Wall()->Now().time_since_epoch());
  return recording.Finish(result.exit_status, now, options.lifetime.ttl);
}

}  // namespace appcache::command
