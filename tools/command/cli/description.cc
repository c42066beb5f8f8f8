#include "tools/command/cli/description.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/command/cli/program.h"

namespace appcache::command {
namespace {

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// AddOptional writes the type as "[TYPE]".
std::string WithoutBrackets(const std::string& type) {
  return type.starts_with('[') ? type.substr(1, type.size() - 2) : type;
}

std::vector<OptionDescription> DescribeOptions(const CLI::App& app) {
  std::vector<OptionDescription> described;
  for (const CLI::Option* option : app.get_options()) {
    OptionDescription& added = described.emplace_back();
    for (const std::string& name : option->get_snames()) {
      added.short_name = "-" + name;
    }
    for (const std::string& name : option->get_lnames()) {
      added.name = "--" + name;
    }
    if (option->get_items_expected_max() > 0) {
      added.type = WithoutBrackets(option->get_option_text());
      added.value_is_optional = option->get_items_expected_min() == 0;
      added.is_repeatable = option->get_trigger_on_parse();
    }
    added.description = OneLine(option->get_description());
  }
  return described;
}

CommandDescription DescribeCommand(const CommandText& text,
                                   const CLI::App& command) {
  CommandDescription described;
  described.name = text.name;
  described.operands = text.operands;
  described.summary = text.summary;
  described.details = text.details;
  described.examples = text.examples;
  described.runs_another_command = text.only_after_dashes;
  described.options = DescribeOptions(command);
  return described;
}

}  // namespace

ProgramDescription Describe() {
  CLI::App app;
  CommandLine line;
  DescribeProgram(app, line);
  ProgramDescription program;
  program.texts = ProgramTexts();
  program.options = DescribeOptions(app);
  for (const CommandText& text : line.texts) {
    program.commands.push_back(
        DescribeCommand(text, *FindCommand(app, text.name)));
  }
  return program;
}

}  // namespace appcache::command
