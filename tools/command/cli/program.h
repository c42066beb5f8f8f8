// The program and its commands, as CLI11 describes them.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_H_
#define APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_H_

#include <string>
#include <string_view>

#include "tools/command/cli/command.h"

namespace appcache::command {

// Describes the program: adds the options, the texts and the subcommands, those
// that line.only selects, to `app`, which is new. `line` must outlive it.
void DescribeProgram(CLI::App& app, CommandLine& line);

// The subcommand of that name, or null.
CLI::App* FindCommand(CLI::App& app, const std::string& name);

// The help of the program, or of the command of that name.
Result<std::string> HelpText(const std::string& command);

// Prints it, or the error, and returns the exit status.
int PrintHelp(const std::string& command);

// Returns kInvalidArgument, with a suggestion from the texts of `line`.
Status UnknownCommand(std::string_view name, const CommandLine& line);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_H_
