// What the value of an option or an operand is, by its type in the help. Shells
// complete it accordingly.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_VALUE_KIND_H_
#define APPCACHE_TOOLS_COMMAND_CLI_VALUE_KIND_H_

#include <string>
#include <string_view>
#include <vector>

namespace appcache::command {

enum class ValueKind {
  kOther,    // nothing to complete: DURATION, SIZE, N, TEXT, KEY
  kFile,     // FILE, PATH, TRACE, RECORDER
  kCache,    // URI: a file, or the URI of a cache
  kCommand,  // COMMAND: a command of this program
  kChoice,   // texts separated by |, as in size|age|use
};

ValueKind KindOf(std::string_view type);

// A choice is literal text, and then perhaps a placeholder in upper case, which
// is a type too: file:PATH is "file:" and "PATH".
struct Choice {
  std::string text;
  std::string placeholder;

  // What follows the text is the name of an environment variable: env:NAME.
  bool IsVariable() const { return text == "env:"; }
};

// Without those that are only a placeholder, as the last of cwd|NAME: any text.
// REQUIRES: KindOf(type) is kChoice.
std::vector<Choice> ChoicesOf(std::string_view type);

// The type of the first operand: FILE for "[FILE]", KEY for "KEY...".
std::string OperandType(std::string_view operands);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_VALUE_KIND_H_
