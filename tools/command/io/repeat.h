// Prints a report repeatedly, for the --watch options.

#ifndef APPCACHE_TOOLS_COMMAND_IO_REPEAT_H_
#define APPCACHE_TOOLS_COMMAND_IO_REPEAT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "tools/command/io/screen.h"
#include "tools/command/io/signal_blocker.h"

namespace appcache::command {

struct RepeatOptions {
  static constexpr std::chrono::milliseconds kMinInterval{1};
  static constexpr std::chrono::hours kMaxInterval{24};

  std::chrono::milliseconds interval{1000};
  std::optional<uint64_t> count;  // no value: without a limit
  // The screen that the text is drawn on (DrawInPlace). Null: the text is
  // appended to the output. Must outlive the call.
  LiveScreen* screen = nullptr;
};

// Of a SignalBlocker for PrintRepeatedly with a screen.
inline constexpr std::initializer_list<int> kScreenSignals = {SIGTSTP,
                                                              SIGWINCH};

// A duration from RepeatOptions::kMinInterval to kMaxInterval. kInvalidArgument
// for any other.
Result<std::chrono::milliseconds> ParseInterval(std::string_view text);

// Prints the text that `next` returns to standard output, at once and then
// after each interval. Returns kDone after `count` times, when one of the
// blocked signals arrives, or as soon as standard output has no reader, which
// is noticed during an interval too. With a screen, also when q is typed; draws
// again, which does not count, when the size of the terminal has changed, or
// the process was stopped and continued. When `next` or writing fails, prints
// the error and returns kFailure.
int PrintRepeatedly(SignalBlocker& signals, const RepeatOptions& options,
                    const std::function<Result<std::string>()>& next);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_REPEAT_H_
