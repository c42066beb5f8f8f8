#include "tools/command/repeat.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "engine/uri/units.h"
#include "tools/command/exit_status.h"
#include "tools/command/fd.h"
#include "tools/command/report.h"

namespace appcache::command {
namespace {

// Waits for the interval. Returns false when a signal arrives or the reader of
// standard output is gone. Returns true early when the process was stopped and
// continued.
bool Pause(const SignalBlocker& signals, std::chrono::milliseconds interval) {
  // poll reports a closed reader (POLLERR) without being asked for it.
  pollfd awaited[] = {{signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  return poll(awaited, 2, static_cast<int>(interval.count())) <= 0;
}

int PrintAll(SignalBlocker& signals, const RepeatOptions& options,
             const std::function<Result<std::string>()>& next) {
  for (uint64_t printed = 1;; ++printed) {
    const Result<std::string> text = next();
    if (!text.ok()) return Fail(text.status());
    const int error = WriteAll(STDOUT_FILENO, *text);
    if (error == EPIPE) return kDone;
    if (error != 0) {
      return Fail(SystemFailure("write to", "standard output", error));
    }
    if (options.count && printed >= *options.count) return kDone;
    if (!Pause(signals, options.interval)) return kDone;
  }
}

}  // namespace

Result<std::chrono::milliseconds> ParseInterval(std::string_view text) {
  Result<std::chrono::milliseconds> interval = internal::ParseDuration(text);
  if (interval.ok() && (*interval < RepeatOptions::kMinInterval ||
                        *interval > RepeatOptions::kMaxInterval)) {
    return Status(ErrorCode::kInvalidArgument,
                  "an interval must be from 1ms to 1d");
  }
  return interval;
}

int PrintRepeatedly(SignalBlocker& signals, const RepeatOptions& options,
                    const std::function<Result<std::string>()>& next) {
  const int status = PrintAll(signals, options, next);
  // The signal that ended the loop, or SIGPIPE, has been handled. Left pending,
  // it would kill the process once signals are unblocked.
  while (signals.TakePending()) {
  }
  return status;
}

}  // namespace appcache::command
