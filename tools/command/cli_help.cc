// help.

#include <string>

#include "tools/command/cli_command.h"
#include "tools/command/cli_program.h"

namespace appcache::command {

void AddHelp(CLI::App& app, CommandLine& line) {
  AddCommand(
      app, line,
      {"help", "[COMMAND]", 0, 1, "Print the help of a command",
       "Prints the same as appcache COMMAND --help, or without a COMMAND, as\n"
       "appcache --help.\n",
       "Example:\n  appcache help exec\n"},
      [](const Operands& words) {
        return PrintHelp(words.empty() ? "" : words[0]);
      });
}

}  // namespace appcache::command
