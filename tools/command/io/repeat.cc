#include "tools/command/io/repeat.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/uri/units.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

using SteadyClock = std::chrono::steady_clock;

enum class Next {
  kPrint,   // the interval is over
  kRedraw,  // what is on the screen is not what was drawn
  kEnd,
};

// What a pending signal asks for.
Next Handle(SignalBlocker& signals, LiveScreen* screen) {
  const auto signal = signals.TakePending();
  if (screen == nullptr || !signal) return Next::kEnd;
  if (signal->number == SIGWINCH) return Next::kRedraw;
  if (signal->number != SIGTSTP) return Next::kEnd;
  screen->Leave();
  signals.RaiseUnblocked(SIGTSTP);  // returns when the process is continued
  signals.Block();
  screen->Enter();
  return Next::kRedraw;
}

// Waits for the interval, or an event. Returns kPrint early when the process
// was stopped and continued.
Next Pause(SignalBlocker& signals, const RepeatOptions& options) {
  const auto deadline = SteadyClock::now() + options.interval;
  for (;;) {
    const int keyboard =
        options.screen == nullptr ? -1 : options.screen->keyboard();
    // poll reports a closed reader (POLLERR) without being asked for it.
    pollfd awaited[] = {{signals.fd(), POLLIN, 0},
                        {STDOUT_FILENO, 0, 0},
                        {keyboard, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - SteadyClock::now());
    const int wait = static_cast<int>(std::max<int64_t>(left.count(), 0));
    if (poll(awaited, 3, wait) <= 0) return Next::kPrint;
    if (awaited[0].revents != 0) return Handle(signals, options.screen);
    if (awaited[1].revents != 0) return Next::kEnd;
    if (options.screen->TakeQuit()) return Next::kEnd;
  }
}

int PrintAll(SignalBlocker& signals, const RepeatOptions& options,
             const std::function<Result<std::string>()>& next) {
  bool is_redrawn = options.screen != nullptr;
  for (uint64_t printed = 1;;) {
    const Result<std::string> text = next();
    if (!text.ok()) return Fail(text.status());
    const int error =
        WriteAll(STDOUT_FILENO, (is_redrawn ? kClearScreen : "") + *text);
    if (error == EPIPE) return kDone;
    if (error != 0) {
      return Fail(SystemFailure("write to", "standard output", error));
    }
    if (options.count && printed >= *options.count) return kDone;
    const Next what = Pause(signals, options);
    if (what == Next::kEnd) return kDone;
    is_redrawn = what == Next::kRedraw;
    if (!is_redrawn) ++printed;
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
