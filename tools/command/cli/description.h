// The description of the program, from which man pages and the completion of
// shells are generated. It is that of --help, without CLI11's types.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_DESCRIPTION_H_
#define APPCACHE_TOOLS_COMMAND_CLI_DESCRIPTION_H_

#include <string>
#include <vector>

#include "tools/command/cli/program_text.h"

namespace appcache::command {

struct OptionDescription {
  std::string short_name;  // "-h"; often empty
  std::string name;        // "--help"
  // The type of its value (value_kind.h); empty if it takes none.
  std::string type;
  bool value_is_optional = false;
  bool is_repeatable = false;
  // Sentences, without the last period. Line breaks are blanks.
  std::string description;
};

struct CommandDescription {
  std::string name;
  std::string operands;  // as in the usage line: "KEY [VALUE]"
  std::string summary;
  // Paragraphs, as in ProgramText.
  std::string details;
  std::string examples;
  // The operands are another command, and come after "--".
  bool runs_another_command = false;
  std::vector<OptionDescription> options;
};

struct ProgramDescription {
  std::vector<ProgramText> texts;
  std::vector<OptionDescription> options;
  std::vector<CommandDescription> commands;
};

// Describes the program with all of its commands.
ProgramDescription Describe();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_DESCRIPTION_H_
