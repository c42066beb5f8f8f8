// Generates the manual pages of the program and of its commands, in the mdoc
// language that mandoc and groff read.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_MAN_PAGE_H_
#define APPCACHE_TOOLS_COMMAND_CLI_MAN_PAGE_H_

#include <string>

#include "tools/command/cli/description.h"

namespace appcache::command {

// appcache(1), which lists the commands.
std::string ProgramPage(const ProgramDescription& program);

// The page of one command, such as appcache-exec(1).
std::string CommandPage(const ProgramDescription& program,
                        const CommandDescription& command);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_MAN_PAGE_H_
