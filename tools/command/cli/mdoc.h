// Writes text in the mdoc language of manual pages.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_MDOC_H_
#define APPCACHE_TOOLS_COMMAND_CLI_MDOC_H_

#include <string>
#include <string_view>

namespace appcache::command {

// One word as an argument of a macro. It is printed as it is: its hyphens can
// be pasted into a shell, and it is never read as a macro.
std::string MdocWord(std::string_view word);

// Paragraphs that are separated by empty lines. Lines that start with a blank
// are printed as they are. The others are filled, and each sentence starts a
// line, as mdoc requires. Words with characters of a command line, such as
// --json or $HOME, keep their hyphens.
std::string MdocText(std::string_view text);

// An operand list such as "KEY [VALUE]" or "-- COMMAND [ARG]...", as lines.
std::string MdocOperands(std::string_view operands);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_MDOC_H_
