#include "tools/command/cli_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>
#include <utility>

namespace appcache::command {
namespace {

// The usage line as we word it, and everything else as CLI11 does.
class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(const CommandText& text)
      : usage_(std::string("\nUsage: appcache ") + text.name + " [OPTION]..." +
               (*text.operands == '\0' ? "" : " ") + text.operands) {
    column_width(28);
  }

  std::string make_usage(const CLI::App*, std::string) const override {
    return usage_ + "\n";
  }

 private:
  const std::string usage_;
};

[[noreturn]] void Refuse(const CommandText& text, const std::string& what) {
  throw CLI::ValidationError(text.name, what);
}

Operands TakeOperands(const CLI::App& command, const CommandLine& line,
                      const CommandText& text) {
  Operands operands = command.remaining();
  for (const std::string& word : operands) {
    if (word.size() > 1 && word[0] == '-') {
      Refuse(text, "there is no option " + word.substr(0, word.find('=')) +
                       " (what begins with - and is none goes after --)");
    }
  }
  if (text.only_after_dashes && !operands.empty()) {
    Refuse(text, "write -- before " + Quoted(operands[0]) +
                     ", as in: " + text.operands);
  }
  operands.insert(operands.end(), line.after_dashes.begin(),
                  line.after_dashes.end());
  if (operands.size() < text.min_operands) {
    Refuse(text, std::string("it needs ") + text.operands);
  }
  if (operands.size() > text.max_operands) {
    const std::string& extra = operands[text.max_operands];
    Refuse(text, Quoted(extra) + " is too much: it takes " +
                     (text.max_operands == 0 ? "options only" : text.operands));
  }
  return operands;
}

CLI::Option* AddTextOption(CLI::App& command, const std::string& name,
                           const std::string& type,
                           const std::string& description,
                           std::function<Status(const std::string&)> parse) {
  return command
      .add_option_function<std::string>(
          name,
          [name, parse = std::move(parse)](const std::string& text) {
            const Status status = parse(text);
            if (!status.ok()) {
              throw CLI::ValidationError(name, status.error().message);
            }
          },
          description)
      ->option_text(type);
}

}  // namespace

std::string Quoted(const std::string& word) {
  constexpr std::string_view kBehindScheme = "://";
  const size_t at = word.find(kBehindScheme);
  if (at == std::string::npos) return "'" + word + "'";
  return "'" + word.substr(0, at + kBehindScheme.size()) + "...'";
}

CLI::App& AddCommand(CLI::App& app, CommandLine& line, const CommandText& text,
                     std::function<int(const Operands&)> run) {
  CLI::App& command = *app.add_subcommand(text.name, text.summary);
  command.group("Commands");
  command.allow_extras();
  command.formatter(std::make_shared<Formatter>(text));
  command.set_help_flag("-h,--help", "Print this");
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
  AddTextOption(command, name, type, description, std::move(parse));
}

void AddRepeated(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 std::function<Status(const std::string&)> parse) {
  AddTextOption(command, name, type, description, std::move(parse))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->trigger_on_parse();
}

void AddOptional(CLI::App& command, const std::string& name,
                 const std::string& type, const std::string& description,
                 const std::string& otherwise,
                 std::function<Status(const std::string&)> parse) {
  AddTextOption(command, name, "[" + type + "]", description, std::move(parse))
      ->expected(0, 1)
      ->default_str(otherwise);
}

void AddFlag(CLI::App& command, const std::string& name,
             const std::string& description, bool& target) {
  command.add_flag(name, target, description);
}

}  // namespace appcache::command
