// Building blocks of the subcommands: registration, operands and options.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_
#define APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/error.h"

namespace CLI {
class App;
}

namespace appcache::command {

using Operands = std::vector<std::string>;

struct CommandText {
  const char* name;
  const char* operands;  // as in the usage line: "KEY..."
  size_t min_operands;
  size_t max_operands;
  const char* summary;  // one line, for the list of commands
  // The rest of the help. Each line ends with a newline.
  const char* details;
  const char* examples;
  // True when operands must come after "--": for a command whose operands are
  // another command with its own options.
  bool only_after_dashes = false;
};

// The subcommands that are described, and the result of parsing.
struct CommandLine {
  // The name of the only subcommand to describe, to start faster. Empty: all.
  std::string only;

  // The texts of all subcommands, in the order of the help.
  std::vector<CommandText> texts;
  // Takes the options of the subcommands that are not described.
  std::shared_ptr<CLI::App> skipped;

  // The words after the first "--", unchanged.
  std::vector<std::string> after_dashes;
  // Runs the chosen subcommand and returns the exit status.
  std::function<int()> run;
};

// Adds a subcommand, unless it is not to be described: then the functions below
// ignore the options that are added to the result. `run` gets its operands;
// their number is in the limits of `text`.
//
// Operands are the words that the parser did not recognise as options, passed
// on unchanged. They are not declared to the parser, which would split "[a,b]"
// and drop "{}".
CLI::App& AddCommand(CLI::App& app, CommandLine& line, const CommandText& text,
                     std::function<int(const Operands&)> run);

// --- Options. All targets must outlive the parsing.
//
// The type of an option describes its value in the help, in man pages and to
// the shells: see value_kind.h. An empty value is an error, because it is
// usually that of a variable that is not set: --cache="$CACHE".

// Adds an option. `parse` parses and stores its value; an error is printed with
// the name of the option.
void AddParsed(CLI::App& command, const std::string& name,
               const std::string& type, const std::string& description,
               std::function<Status(const std::string&)> parse);

// AddParsed for a function that returns a Result, such as those of
// engine/uri/units.h.
template <class Parse, class T>
void AddValue(CLI::App& command, const std::string& name,
              const std::string& type, const std::string& description,
              Parse parse, T& target) {
  AddParsed(command, name, type, description,
            [parse, &target](const std::string& text) {
              auto parsed = parse(text);
              if (parsed.ok()) target = *parsed;
              return parsed.status();
            });
}

// AddParsed for an option that may be given several times.
void AddRepeated(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 std::function<Status(const std::string&)> parse);

// AddParsed for an option whose value may be omitted; it is `default_value`
// then.
void AddOptional(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 const std::string& default_value,
                 std::function<Status(const std::string&)> parse);

void AddFlag(CLI::App& command, const std::string& name,
             const std::string& description, bool& target);

// --- The subcommands, in the order of the help.
void AddExec(CLI::App& app, CommandLine& line);
void AddEntryCommands(CLI::App& app, CommandLine& line);     // get ... expire
void AddListingCommands(CLI::App& app, CommandLine& line);   // keys stats top
void AddUpkeepCommands(CLI::App& app, CommandLine& line);    // clear check
void AddTransferCommands(CLI::App& app, CommandLine& line);  // dump load
void AddPing(CLI::App& app, CommandLine& line);
void AddReplay(CLI::App& app, CommandLine& line);
void AddMrc(CLI::App& app, CommandLine& line);
void AddRecord(CLI::App& app, CommandLine& line);
void AddHelp(CLI::App& app, CommandLine& line);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_
