// Runs a command, passes on its output as it arrives, and records it.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_COMMAND_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_COMMAND_H_

#include <cstdint>
#include <span>
#include <string>

#include "appcache/error.h"
#include "tools/command/exec/run_record.h"
#include "tools/command/io/signal_blocker.h"

namespace appcache::command {

struct RunResult {
  // As in a shell: that of the command, 128 + N when signal N killed it, 127
  // when it was not found, 126 when it could not be executed. LostOutputStatus
  // when the command succeeded, but some of its output could not be passed on.
  uint8_t exit_status = 0;
  // True when the command exited by itself and all of its output was passed on.
  bool is_complete = false;
  // An error when the pipes or the process could not be created: the command
  // has not run, and nothing was printed.
  Status started;
};

// Returns when the command has exited and every process that inherited its
// output has closed it; the recording is complete only then. Forwards the
// signals that arrive to the command. Once it has exited, a signal takes its
// default action on this process. REQUIRES: !command.empty(), and `signals` are
// blocked.
RunResult RunCommand(std::span<const std::string> command,
                     SignalBlocker& signals, Recording& recording);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_COMMAND_H_
