#include "tools/command/cli/completion.h"
#include "tools/command/cli/value_kind.h"

namespace appcache::command {
namespace {

// In single quotes, with the characters of a specification of _arguments or
// _describe escaped.
std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    if (c == '\'') {
      escaped += "'\\''";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The name of the function that completes the choices of an option. It exists
// if a choice has a placeholder.
std::string ChoiceFunction(const std::string& command,
                           const OptionDescription& option) {
  return "_appcache_" + command + "_" + option.name.substr(2);
}

bool HasPlaceholder(const std::string& type) {
  if (KindOf(type) != ValueKind::kChoice) return false;
  for (const Choice& choice : ChoicesOf(type)) {
    if (!choice.placeholder.empty()) return true;
  }
  return false;
}

std::string Action(const std::string& type) {
  switch (KindOf(type)) {
    case ValueKind::kOther:
      return " ";  // only the message is shown
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kCache:
      return "_appcache_caches";
    case ValueKind::kCommand:
      return "_appcache_commands";
    case ValueKind::kChoice:
      break;
  }
  std::string words;
  for (const Choice& choice : ChoicesOf(type)) {
    words += (words.empty() ? "" : " ") + choice.text;
  }
  return "(" + words + ")";
}

std::string Function(const std::string& name, const std::string& body) {
  return name + "() {\n" + body + "}\n\n";
}

// Completes the placeholder of a choice.
std::string Rest(const std::string& type) {
  return KindOf(type) == ValueKind::kFile ? "_files"
                                          : "_message '" + type + "'";
}

std::string ChoiceBody(const std::string& type) {
  std::string body;
  std::string words;
  std::string beginnings;
  for (const Choice& choice : ChoicesOf(type)) {
    if (choice.placeholder.empty()) {
      words += " '" + choice.text + "'";
      continue;
    }
    beginnings += " '" + choice.text + "'";
    body += "  if compset -P " + choice.text + "; then\n    " +
            (choice.IsVariable() ? "_parameters -g '*export*'"
                                 : Rest(choice.placeholder)) +
            "\n    return\n  fi\n";
  }
  return body + "  compadd --" + words + "\n  compadd -S '' --" + beginnings +
         "\n";
}

// The specifications of an option, one per line.
std::string Specifications(const std::string& command,
                           const OptionDescription& option) {
  std::string rest = "[" + Escape(option.description) + "]";
  // --help and --version exclude everything else.
  const bool is_alone = !option.short_name.empty();
  const std::string before =
      is_alone ? "(- *)" : (option.is_repeatable ? "*" : "");
  std::string name = option.name;
  if (!option.type.empty()) {
    name += "=";
    rest += (option.value_is_optional ? "::" : ":") + Escape(option.type) +
            ":" +
            (HasPlaceholder(option.type) ? ChoiceFunction(command, option)
                                         : Action(option.type));
  }
  std::string lines;
  if (is_alone) {
    lines += "        '" + before + option.short_name + rest + "' \\\n";
  }
  return lines + "        '" + before + name + rest + "' \\\n";
}

std::string CommandCase(const CommandDescription& command) {
  std::string text = "    " + command.name + ")\n";
  std::string operands = Action(OperandType(command.operands));
  if (command.runs_another_command) {
    text +=
        "      local dashes=${words[(i)--]}\n"
        "      if (( dashes < CURRENT )); then\n"
        "        shift $dashes words\n"
        "        (( CURRENT -= dashes ))\n"
        "        _normal\n"
        "        return\n"
        "      fi\n";
    operands = "compadd -- --";
  }
  text += "      _arguments -S \\\n";
  for (const OptionDescription& option : command.options) {
    text += Specifications(command.name, option);
  }
  if (command.operands.empty()) {
    text.erase(text.size() - 3);  // the last " \\\n"
    return text + "\n      ;;\n";
  }
  return text + "        '*:" + Escape(command.operands) + ":" + operands +
         "'\n      ;;\n";
}

std::string Descriptions(const ProgramDescription& program) {
  std::string body = "  local -a commands=(\n";
  for (const CommandDescription& command : program.commands) {
    body += "    '" + command.name + ":" + Escape(command.summary) + "'\n";
  }
  return body + "  )\n  _describe command commands\n";
}

std::string FirstWord(const ProgramDescription& program) {
  std::string text = "    local -a options=(\n";
  for (const OptionDescription& option : program.options) {
    for (const std::string& name : {option.short_name, option.name}) {
      text += "      '" + name + ":" + Escape(option.description) + "'\n";
    }
  }
  return text + "    )\n";
}

}  // namespace

std::string ZshCompletion(const ProgramDescription& program) {
  std::string script =
      "#compdef appcache\n"
      "# zsh completion for appcache; appcache completion zsh prints it.\n\n";
  script += Function("_appcache_commands", Descriptions(program));
  std::string caches = "  _files\n  compadd -S '' --";
  for (const std::string& prefix : CacheUriPrefixes()) {
    caches += " '" + prefix + "'";
  }
  script += Function("_appcache_caches", caches + "\n");
  for (const CommandDescription& command : program.commands) {
    for (const OptionDescription& option : command.options) {
      if (!HasPlaceholder(option.type)) continue;
      script += Function(ChoiceFunction(command.name, option),
                         ChoiceBody(option.type));
    }
  }
  std::string body = "  if (( CURRENT == 2 )); then\n" + FirstWord(program) +
                     "    if [[ $words[2] == -* ]]; then\n"
                     "      _describe -o option options\n"
                     "    else\n"
                     "      _appcache_commands\n"
                     "    fi\n"
                     "    return\n"
                     "  fi\n"
                     "  local curcontext=${curcontext%:*}-$words[2]:\n"
                     "  shift words\n"
                     "  (( CURRENT -= 1 ))\n"
                     "  case $words[1] in\n";
  for (const CommandDescription& command : program.commands) {
    body += CommandCase(command);
  }
  script += Function("_appcache", body + "  esac\n");
  // As an autoloaded file, it is the body of the function at the first call.
  return script +
         "if [[ $funcstack[1] == _appcache ]]; then\n"
         "  _appcache \"$@\"\n"
         "else\n"
         "  compdef _appcache appcache\n"
         "fi\n";
}

}  // namespace appcache::command
