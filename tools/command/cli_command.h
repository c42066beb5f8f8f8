// How the subcommands are put together: see cli_entries.cc for a use.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_
#define APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "engine/error.h"

namespace CLI {
class App;
}

namespace appcache::command {

// What parsing leaves behind.
struct CommandLine {
  // The words after the first "--", as they were typed.
  std::vector<std::string> after_dashes;
  // What to do; set by the subcommand that was chosen.
  std::function<int()> run;
};

using Operands = std::vector<std::string>;

// A word as messages quote it; of a URI, which may hold a password, the scheme.
std::string Quoted(const std::string& word);

struct CommandText {
  const char* name;
  const char* operands;  // as the usage line has them: "KEY..."
  size_t min_operands;
  size_t max_operands;
  const char* summary;  // one line, for the list of commands
  // The rest of the help, each with a newline at its end.
  const char* details;
  const char* examples;
  // Whether what stands before "--" is no operand: for a command that takes
  // another one, with options of its own.
  bool only_after_dashes = false;
};

// Adds a subcommand. `run` gets its operands, as many as it takes.
//
// The operands are what the parser did not take for an option, as they were
// typed: it would split "[a,b]" and drop "{}" if they were known to it.
CLI::App& AddCommand(CLI::App& app, CommandLine& line, const CommandText& text,
                     std::function<int(const Operands&)> run);

// --- Options. Their targets must outlive the parsing.

// An option whose text `parse` turns into a value and stores; its error is told
// with the name of the option.
void AddParsed(CLI::App& command, const std::string& name,
               const std::string& type, const std::string& description,
               std::function<Status(const std::string&)> parse);

// An AddParsed for the functions of engine/uri/units.h.
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

// The same for an option that may be given any number of times.
void AddRepeated(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 std::function<Status(const std::string&)> parse);

// The same for an option that may stand without its value, which is `otherwise`
// then.
void AddOptional(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 const std::string& otherwise,
                 std::function<Status(const std::string&)> parse);

void AddFlag(CLI::App& command, const std::string& name,
             const std::string& description, bool& target);

// --- The subcommands, in the order of the help.
void AddExec(CLI::App& app, CommandLine& line);
void AddEntryCommands(CLI::App& app, CommandLine& line);     // get set del ttl
void AddListingCommands(CLI::App& app, CommandLine& line);   // keys stats top
void AddUpkeepCommands(CLI::App& app, CommandLine& line);    // clear check
void AddTransferCommands(CLI::App& app, CommandLine& line);  // dump load
void AddPing(CLI::App& app, CommandLine& line);
void AddReplay(CLI::App& app, CommandLine& line);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_COMMAND_H_
