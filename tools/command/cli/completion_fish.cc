#include "tools/command/cli/completion.h"
#include "tools/command/cli/value_kind.h"

namespace appcache::command {
namespace {

constexpr const char* kFishHelpers =
    R"(# fish completion for appcache; appcache completion fish prints it.

# Whether the command is $argv[1], or if that is missing, not yet written. The
# words after -- are not for appcache.
function __appcache_is
    set -l words (commandline -opc)
    if contains -- -- $words
        return 1
    end
    test "$words[2]" = "$argv[1]"
end

# Whether the words after -- are the command line of another command.
function __appcache_runs
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; and contains -- -- $words
end

# Completes that command line.
function __appcache_complete_other
    set -l words (commandline -opc)
    set -l dashes (contains -i -- -- $words)
    set -e words[1..$dashes]
    complete -C (string join -- ' ' (string escape -- $words) (commandline -ct))
end

complete -c appcache -f
)";

std::string FishQuote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Condition(const std::string& command) {
  return command.empty() ? " -n __appcache_is"
                         : " -n '__appcache_is " + command + "'";
}

// The flags of `complete` for a value of this type.
std::string Value(const std::string& type, const ProgramDescription& program) {
  std::string words;
  switch (KindOf(type)) {
    case ValueKind::kOther:
      return "";
    case ValueKind::kFile:
      return " -F";
    case ValueKind::kCache:
      for (const std::string& prefix : CacheUriPrefixes()) {
        words += (words.empty() ? "" : " ") + prefix;
      }
      return " -F -a " + FishQuote(words);
    case ValueKind::kCommand:
      for (const CommandDescription& command : program.commands) {
        words += (words.empty() ? "" : " ") + command.name;
      }
      return " -a " + FishQuote(words);
    case ValueKind::kChoice:
      for (const Choice& choice : ChoicesOf(type)) {
        words += (words.empty() ? "" : " ") + choice.text;
      }
      return " -a " + FishQuote(words);
  }
  return "";
}

void AddOptions(std::string& script, const std::string& command,
                const std::vector<OptionDescription>& options,
                const ProgramDescription& program) {
  for (const OptionDescription& option : options) {
    std::string line = "complete -c appcache" + Condition(command);
    if (!option.short_name.empty())
      line += " -s " + option.short_name.substr(1);
    line += " -l " + option.name.substr(2);
    const std::string value = Value(option.type, program);
    // -r requires a value, and -x also prevents the names of files.
    if (!option.type.empty() && !option.value_is_optional) {
      line += value.starts_with(" -F") ? " -r" : " -x";
    }
    script += line + " -d " + FishQuote(option.description) + "\n";
    // In a line of its own: the description is not that of each value.
    if (!value.empty()) script += line + value + "\n";
  }
}

void AddOperands(std::string& script, const CommandDescription& command,
                 const ProgramDescription& program) {
  if (command.runs_another_command) {
    script += "complete -c appcache" + Condition(command.name) +
              " -a -- -d 'The command follows'\n"
              "complete -c appcache -n '__appcache_runs " +
              command.name + "' -a '(__appcache_complete_other)'\n";
    return;
  }
  const std::string value = Value(OperandType(command.operands), program);
  if (value.empty()) return;
  script += "complete -c appcache" + Condition(command.name) + value + "\n";
}

}  // namespace

std::string FishCompletion(const ProgramDescription& program) {
  std::string script = kFishHelpers;
  for (const CommandDescription& command : program.commands) {
    script += "complete -c appcache" + Condition("") + " -a " + command.name +
              " -d " + FishQuote(command.summary) + "\n";
  }
  AddOptions(script, "", program.options, program);
  for (const CommandDescription& command : program.commands) {
    script += "\n# " + command.name + "\n";
    AddOptions(script, command.name, command.options, program);
    AddOperands(script, command, program);
  }
  return script;
}

}  // namespace appcache::command
