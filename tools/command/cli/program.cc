#include "tools/command/cli/program.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "tools/command/cli/program_text.h"
#include "tools/command/io/report.h"
#include "tools/command/text/suggest.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

std::string Footer() {
  std::string footer;
  for (const ProgramText& part : ProgramTexts()) {
    footer.append(footer.empty() ? "" : "\n").append(part.text);
  }
  return footer;
}

void DescribeItself(CLI::App& app) {
  app.name("appcache");
  app.description(std::string(kSummary) + ".\n");
  app.footer(Footer());
  app.get_formatter()->column_width(16);
  app.get_formatter()->label("OPTIONS", "OPTION");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND ...");
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("-V,--version", kVersion, "Print the version");
}

}  // namespace

void DescribeProgram(CLI::App& app, CommandLine& line) {
  // Only the help of the program itself shows its texts.
  if (line.only.empty()) DescribeItself(app);
  app.require_subcommand(1);
  AddExec(app, line);
  AddEntryCommands(app, line);
  AddListingCommands(app, line);
  AddUpkeepCommands(app, line);
  AddTransferCommands(app, line);
  AddPing(app, line);
  AddReplay(app, line);
  AddMrc(app, line);
  AddRecord(app, line);
  AddHelp(app, line);
}

CLI::App* FindCommand(CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands(
      [&](const CLI::App* command) { return command->get_name() == name; });
  return found.empty() ? nullptr : found[0];
}

Result<std::string> HelpText(const std::string& command) {
  CommandLine line;
  line.only = command;
  CLI::App app;
  DescribeProgram(app, line);
  if (command.empty()) return app.help();
  const CLI::App* const found = FindCommand(app, command);
  if (found == nullptr) return UnknownCommand(command, line);
  return found->help();
}

int PrintHelp(const std::string& command) {
  const Result<std::string> help = HelpText(command);
  return help.ok() ? Print(*help) : Fail(help.status());
}

Status UnknownCommand(std::string_view name, const CommandLine& line) {
  std::vector<std::string> known;
  for (const CommandText& text : line.texts) known.emplace_back(text.name);
  std::string suggestion = DidYouMean(name, known);
  if (suggestion.empty()) suggestion = "; appcache --help lists the commands";
  return Status(ErrorCode::kInvalidArgument,
                "unknown command " + Quoted(name) + suggestion);
}

}  // namespace appcache::command
