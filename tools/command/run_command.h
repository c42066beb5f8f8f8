// Runs a command, passes its output on as it comes, and records it.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_COMMAND_H_
#define APPCACHE_TOOLS_COMMAND_RUN_COMMAND_H_

#include <cstdint>
#include <span>
#include <string>

#include "tools/command/run_record.h"
#include "tools/command/signal_gate.h"

namespace appcache::command {

struct RunResult {
  // As a shell tells it: the command's own, 128 and the signal that killed it,
  // 127 when it was not found, 126 when it could not be executed.
  uint8_t exit_status = 0;
  // The command ran, ended by itself, and all that it wrote was passed on.
  bool is_whole = false;
};

// Returns when the command has ended and everybody who inherited its output has
// closed it: only then is the recording all of it. Signals that `gate` keeps
// are sent on to the command; after its end they end this process.
//
// REQUIRES: !command.empty(); the gate is closed.
RunResult RunCommand(std::span<const std::string> command, SignalGate& gate,
                     Recording& recording);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_COMMAND_H_
