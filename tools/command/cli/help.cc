// help, and what is generated from the same description: completion and man.

#include <algorithm>
#include <string>
#include <vector>

#include "tools/command/cli/command.h"
#include "tools/command/cli/completion.h"
#include "tools/command/cli/description.h"
#include "tools/command/cli/man_page.h"
#include "tools/command/cli/program.h"
#include "tools/command/io/report.h"
#include "tools/command/text/suggest.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

int PrintCompletion(const std::string& shell) {
  if (shell == "bash") return Print(BashCompletion(Describe()));
  if (shell == "zsh") return Print(ZshCompletion(Describe()));
  if (shell == "fish") return Print(FishCompletion(Describe()));
  return FailUsage("completion: " + Quoted(shell) +
                   " is not a shell; write bash, zsh or fish");
}

int PrintPage(const std::string& name) {
  const ProgramDescription program = Describe();
  if (name.empty()) return Print(ProgramPage(program));
  for (const CommandDescription& command : program.commands) {
    if (command.name == name) return Print(CommandPage(program, command));
  }
  return PrintHelp(name);  // the error for an unknown command
}

}  // namespace

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
  AddCommand(
      app, line,
      {"completion", "bash|zsh|fish", 1, 1,
       "Print the completion script of a shell",
       "The script completes commands, options, their values, and the command\n"
       "that follows exec --. Load it when the shell starts, or install it as\n"
       "the file from which the shell loads it.\n",
       "Examples:\n"
       "  eval \"$(appcache completion bash)\"    # in ~/.bashrc\n"
       "  eval \"$(appcache completion zsh)\"     # in ~/.zshrc, after "
       "compinit\n"
       "  appcache completion fish | source     # in config.fish\n"},
      [](const Operands& words) { return PrintCompletion(words[0]); });
  AddCommand(app, line,
             {"man", "[COMMAND]", 0, 1, "Print the source of a manual page",
              "Prints appcache(1), or the page of a COMMAND, such as\n"
              "appcache-exec(1), in the mdoc language, for man and mandoc.\n",
              "Examples:\n"
              "  appcache man exec | man -l -\n"
              "  appcache man > /usr/local/share/man/man1/appcache.1\n"},
             [](const Operands& words) {
               return PrintPage(words.empty() ? "" : words[0]);
             });
}

}  // namespace appcache::command
