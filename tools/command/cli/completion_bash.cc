#include <vector>

#include "tools/command/cli/completion.h"
#include "tools/command/cli/value_kind.h"

namespace appcache::command {
namespace {

constexpr const char* kBashHelpers =
    R"(# Completes the given words.
_appcache_words() {
  local word
  for word in "$@"; do
    [[ $word != "$current"* ]] || COMPREPLY+=("$word")
  done
  # The rest of env: or redis:// follows.
  [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *[:/] ]] || compopt -o nospace
}

# Readline completes files itself, and escapes their names.
_appcache_files() {
  compopt -o default
}

# Completes the command that starts at word $1.
_appcache_command_line() {
  if declare -F _command_offset > /dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)) && [[ $current != */* ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$current" | sort -u)
  else
    _appcache_files
  fi
}

)";

// bash makes = and : words of their own, so that --scope=env:HO has five.
constexpr const char* kSplit = R"(
  local at=$COMP_CWORD head= option=
  if [[ $current == : ]]; then
    at=$((at - 1)) current= head=${COMP_WORDS[at]}:
  elif [[ ${COMP_WORDS[at - 1]} == : ]]; then
    at=$((at - 2)) head=${COMP_WORDS[at]}:
  elif [[ $current == = ]]; then
    at=$((at + 1)) current=
  fi
  option=${COMP_WORDS[at - 1]}
  [[ $option != = ]] || option=${COMP_WORDS[at - 2]}

)";

constexpr const char* kCompleteVariable =
    R"(mapfile -t COMPREPLY < <(compgen -e -- "$current"))";

std::string BashQuote(const std::string& text) { return "'" + text + "'"; }

std::string WordsCall(const std::vector<std::string>& words) {
  std::string call = "_appcache_words";
  for (const std::string& word : words) call += " " + BashQuote(word);
  return call;
}

std::vector<std::string> CommandNames(const ProgramDescription& program) {
  std::vector<std::string> names;
  for (const CommandDescription& command : program.commands) {
    names.push_back(command.name);
  }
  return names;
}

std::vector<std::string> OptionNames(
    const std::vector<OptionDescription>& options) {
  std::vector<std::string> names;
  for (const OptionDescription& option : options) {
    if (!option.short_name.empty()) names.push_back(option.short_name);
    names.push_back(option.name);
  }
  return names;
}

// The call that completes a value of this type, or "" if there is none.
std::string Complete(const std::string& type,
                     const ProgramDescription& program) {
  switch (KindOf(type)) {
    case ValueKind::kOther:
      return "";
    case ValueKind::kFile:
      return "_appcache_files";
    case ValueKind::kCache:
      return "_appcache_files; [[ ! $current ]] || " +
             WordsCall(CacheUriPrefixes());
    case ValueKind::kCommand:
      return WordsCall(CommandNames(program));
    case ValueKind::kChoice: {
      std::vector<std::string> texts;
      for (const Choice& choice : ChoicesOf(type)) texts.push_back(choice.text);
      return WordsCall(texts);
    }
  }
  return "";
}

void AddCase(std::string& script, const std::string& pattern,
             const std::string& call) {
  script += "    " + pattern + ")\n";
  if (!call.empty()) script += "      " + call + "\n";
  script += "      return\n      ;;\n";
}

// The values of the options that need one.
void AddValues(std::string& script, const ProgramDescription& program) {
  script += "  case \"$command $option $head\" in\n";
  for (const CommandDescription& command : program.commands) {
    for (const OptionDescription& option : command.options) {
      if (option.type.empty() || option.value_is_optional) continue;
      const std::string pattern = command.name + " " + option.name + " ";
      AddCase(script, BashQuote(pattern), Complete(option.type, program));
      if (KindOf(option.type) != ValueKind::kChoice) continue;
      for (const Choice& choice : ChoicesOf(option.type)) {
        if (choice.placeholder.empty()) continue;
        AddCase(script, BashQuote(pattern + choice.text),
                choice.IsVariable() ? kCompleteVariable
                                    : Complete(choice.placeholder, program));
      }
    }
  }
  script += "  esac\n";
}

void AddOptions(std::string& script, const ProgramDescription& program) {
  script += "  case $command in\n";
  for (const CommandDescription& command : program.commands) {
    script +=
        "    " + command.name + ")\n      if [[ $current == -* ]]; then\n";
    std::vector<std::string> names = OptionNames(command.options);
    names.emplace_back("--");
    script += "        " + WordsCall(names) + "\n";
    const std::string operand =
        command.runs_another_command
            ? WordsCall({"--"})
            : Complete(OperandType(command.operands), program);
    if (!operand.empty()) script += "      else\n        " + operand + "\n";
    script += "      fi\n      ;;\n";
  }
  script += "  esac\n";
}

// The words after "--".
void AddOperands(std::string& script, const ProgramDescription& program) {
  script += "    case $command in\n";
  for (const CommandDescription& command : program.commands) {
    const std::string call =
        command.runs_another_command
            ? "_appcache_command_line $((i + 1))"
            : Complete(OperandType(command.operands), program);
    if (!call.empty()) {
      script += "      " + command.name + ") " + call + " ;;\n";
    }
  }
  script += "    esac\n";
}

}  // namespace

std::string BashCompletion(const ProgramDescription& program) {
  std::string script =
      "# bash completion for appcache; appcache completion bash prints it.\n\n";
  script += kBashHelpers;
  script +=
      "_appcache() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} i\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n";
  std::vector<std::string> first = CommandNames(program);
  for (const std::string& name : OptionNames(program.options)) {
    first.push_back(name);
  }
  script += "    " + WordsCall(first) + "\n    return\n  fi\n";
  script +=
      "  for ((i = 2; i < COMP_CWORD; i++)); do\n"
      "    [[ ${COMP_WORDS[i]} == -- ]] || continue\n";
  AddOperands(script, program);
  script += "    return\n  done\n";
  script += kSplit;
  AddValues(script, program);
  script += "  [[ ! $head ]] || return\n";
  AddOptions(script, program);
  return script + "}\n\ncomplete -F _appcache appcache\n";
}

}  // namespace appcache::command
