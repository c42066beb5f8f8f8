// The end of a run: whether it is cached, and as what.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_OUTCOME_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_OUTCOME_H_

#include "appcache/error.h"
#include "tools/command/exec/exec.h"
#include "tools/command/exec/run_command.h"
#include "tools/command/exec/run_record.h"

namespace appcache::command {

// False for a run that failed, unless failures are cached, and for one whose
// output is incomplete. An earlier record of the run is of use then.
bool IsWorthCaching(const ExecOptions& options, const RunResult& result);

// Completes the record with the time and the ttl. An error if the output could
// not be recorded; an earlier record is out of date then.
Status FinishRecording(const ExecOptions& options, const RunResult& result,
                       Recording& recording);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_OUTCOME_H_
