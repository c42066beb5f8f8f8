// Printing again and again, until nobody wants more.

#ifndef APPCACHE_TOOLS_COMMAND_REPEAT_H_
#define APPCACHE_TOOLS_COMMAND_REPEAT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "tools/command/signal_gate.h"

namespace appcache::command {

struct Rhythm {
  static constexpr std::chrono::milliseconds kLeast{1};
  static constexpr std::chrono::hours kMost{24};

  std::chrono::milliseconds interval{1000};
  std::optional<uint64_t> count;  // none: no end
};

// A duration from Rhythm::kLeast to kMost. kInvalidArgument for any other.
Result<std::chrono::milliseconds> ParseInterval(std::string_view text);

// Prints what `next` makes, to standard output: at once, and then after each
// interval. Returns kDone after `count` times, when one of the gate's signals
// has come, and as soon as nobody reads standard output any more, which is
// noticed during an interval too. kFailure when `next` or writing fails, after
// telling why.
int PrintAgainAndAgain(SignalGate& gate, const Rhythm& rhythm,
                       const std::function<Result<std::string>()>& next);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_REPEAT_H_
