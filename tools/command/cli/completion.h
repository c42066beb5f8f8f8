// Generates the scripts by which shells complete the command line of appcache:
// commands, options with their descriptions, values that are files, caches or
// one of a few words, and the command that follows "exec --".

#ifndef APPCACHE_TOOLS_COMMAND_CLI_COMPLETION_H_
#define APPCACHE_TOOLS_COMMAND_CLI_COMPLETION_H_

#include <string>

#include "tools/command/cli/description.h"

namespace appcache::command {

// For bash 4 and later. The package bash-completion is needed only to complete
// the options of the command that follows "exec --".
std::string BashCompletion(const ProgramDescription& program);
// For a file _appcache in a directory of $fpath, or for eval.
std::string ZshCompletion(const ProgramDescription& program);
// For fish 3.
std::string FishCompletion(const ProgramDescription& program);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_COMPLETION_H_
