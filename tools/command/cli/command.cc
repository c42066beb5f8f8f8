#include "tools/command/cli/command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>
#include <utility>

#include "tools/command/text/suggest.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

std::string Usage(const CommandText& text) {
  return std::string("appcache ") + text.name + " [OPTION]..." +
         (*text.operands == '\0' ? "" : " ") + text.operands;
}

// CLI11's formatter with our usage line.
class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(const CommandText& text)
      : usage_("\nUsage: " + Usage(text)) {
    column_width(28);
  }

  std::string make_usage(const CLI::App*, std::string) const override {
    return usage_ + "\n";
  }

 private:
  const std::string usage_;
};

// Becomes the error message "NAME: WHAT".
[[noreturn]] void Refuse(const CommandText& text, const std::string& what) {
  throw CLI::ValidationError(text.name, what);
}

// With the usage line.
[[noreturn]] void RefuseOperands(const CommandText& text,
                                 const std::string& what) {
  Refuse(text, what + "; usage: " + Usage(text));
}

[[noreturn]] void RefuseOption(const CLI::App& command, const CommandText& text,
                               const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& long_name : option->get_lnames()) {
      known.push_back("--" + long_name);
    }
  }
  const std::string suggestion = DidYouMean(name, known);
  Refuse(text, "unknown option " + WithoutSecrets(name) +
                   (suggestion.empty()
                        ? "; an operand that starts with - must come after --"
                        : suggestion));
}

Operands TakeOperands(const CLI::App& command, const CommandLine& line,
                      const CommandText& text) {
  Operands operands = command.remaining();
  for (const std::string& word : operands) {
    if (word.size() > 1 && word[0] == '-') {
      RefuseOption(command, text, word.substr(0, word.find('=')));
    }
  }
  if (text.only_after_dashes && !operands.empty()) {
    RefuseOperands(text, "missing -- before " + Quoted(operands[0]));
  }
  operands.insert(operands.end(), line.after_dashes.begin(),
                  line.after_dashes.end());
  if (operands.size() < text.min_operands) {
    RefuseOperands(text, "missing operand");
  }
  if (operands.size() > text.max_operands) {
    RefuseOperands(text,
                   "unexpected operand " + Quoted(operands[text.max_operands]));
  }
  return operands;
}

// Whether the options of `command` are ignored: see AddCommand.
bool IsSkipped(const CLI::App& command) { return command.get_name().empty(); }

Status ParseNonEmpty(const std::string& name, const std::string& type,
                     const std::string& text,
                     const std::function<Status(const std::string&)>& parse) {
  Status status = parse(text);
  if (!status.ok() || !text.empty()) return status;
  return Status(
      ErrorCode::kInvalidArgument,
      "must not be empty; write " + name + " " + type + ", or omit the option");
}

// REQUIRES: !IsSkipped(command).
CLI::Option* AddTextOption(CLI::App& command, const std::string& name,
                           const std::string& type,
                           const std::string& description,
                           std::function<Status(const std::string&)> parse) {
  return command
      .add_option_function<std::string>(
          name,
          [name, type, parse = std::move(parse)](const std::string& text) {
            const Status status = ParseNonEmpty(name, type, text, parse);
            if (!status.ok()) {
              throw CLI::ValidationError(name, status.message());
            }
          },
          description)
      ->option_text(type);
}

}  // namespace

CLI::App& AddCommand(CLI::App& app, CommandLine& line, const CommandText& text,
                     std::function<int(const Operands&)> run) {
  line.texts.push_back(text);
  if (!line.only.empty() && line.only != text.name) {
    if (!line.skipped) line.skipped = std::make_shared<CLI::App>();
    return *line.skipped;
  }
  CLI::App& command = *app.add_subcommand(text.name, text.summary);
  command.group("Commands");
  command.allow_extras();
  command.formatter(std::make_shared<Formatter>(text));
  command.set_help_flag("-h,--help", "Print this help");
  command.footer(std::string(text.details) + "\n" + text.examples);
  command.callback([&command, &line, text, run = std::move(run)] {
    Operands operands = TakeOperands(command, line, text);
    line.run = [run, operands = std::move(operands)] { return run(operands); };
  });
  return command;
}

void AddParsed(CLI::App& command, const std::string& name,
               const std::string& type, const std::string& description,
               std::function<Status(const std::string&)> parse) {
  if (IsSkipped(command)) return;
  AddTextOption(command, name, type, description, std::move(parse));
}

void AddRepeated(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 std::function<Status(const std::string&)> parse) {
  if (IsSkipped(command)) return;
  AddTextOption(command, name, type, description, std::move(parse))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->trigger_on_parse();
}

void AddOptional(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 const std::string& default_value,
                 std::function<Status(const std::string&)> parse) {
  if (IsSkipped(command)) return;
  AddTextOption(command, name, "[" + type + "]", description, std::move(parse))
      ->expected(0, 1)
      ->default_str(default_value);
}

void AddFlag(CLI::App& command, const std::string& name,
             const std::string& description, bool& target) {
  if (IsSkipped(command)) return;
  command.add_flag(name, target, description);
}

}  // namespace appcache::command
