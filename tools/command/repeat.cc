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

// False as soon as there is a reason to end; true after the interval, or when
// the process was stopped and goes on.
bool Pause(const SignalGate& gate, std::chrono::milliseconds interval) {
  // The second for what needs no asking: that the other end is closed.
  pollfd awaited[] = {{gate.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  return poll(awaited, 2, static_cast<int>(interval.count())) <= 0;
}

int PrintAll(SignalGate& gate, const Rhythm& rhythm,
             const std::function<Result<std::string>()>& next) {
  for (uint64_t printed = 1;; ++printed) {
    const Result<std::string> text = next();
    if (!text.ok()) return Fail(text.status());
    const int error = WriteAll(STDOUT_FILENO, *text);
    if (error == EPIPE) return kDone;
    if (error != 0)
      return Fail(FileFailure("write to", "standard output", error));
    if (rhythm.count && printed >= *rhythm.count) return kDone;
    if (!Pause(gate, rhythm.interval)) return kDone;
  }
}

}  // namespace

Result<std::chrono::milliseconds> ParseInterval(std::string_view text) {
  Result<std::chrono::milliseconds> interval = ParseDuration(text);
  if (interval.ok() &&
      (*interval < Rhythm::kLeast || *interval > Rhythm::kMost)) {
    return Status(ErrorCode::kInvalidArgument, "an interval is from 1ms to 1d");
  }
  return interval;
}

int PrintAgainAndAgain(SignalGate& gate, const Rhythm& rhythm,
                       const std::function<Result<std::string>()>& next) {
  const int status = PrintAll(gate, rhythm, next);
  // Those that ended it, SIGPIPE among them, have done what they were to do: an
  // opened gate must not let them kill the process.
  while (gate.Next()) {
  }
  return status;
}

}  // namespace appcache::command
