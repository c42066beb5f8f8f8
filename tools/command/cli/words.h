// Prepares the words of a command line for CLI11's parser.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_WORDS_H_
#define APPCACHE_TOOLS_COMMAND_CLI_WORDS_H_

#include <string>
#include <vector>

#include "appcache/error.h"

namespace CLI {
class App;
}

namespace appcache::command {

// Returns the words after the name of `command`, without those from "--" on, in
// a form that the parser reads as a user means them. The parser takes the next
// word as the value of "--name=", and the name of another option as a value.
// So "--name=" becomes two words, of which the second is empty, and these are
// kInvalidArgument: an option in the place of a value, a value for an option
// that takes none, and a "++", which ends a subcommand.
Result<std::vector<std::string>> PrepareWords(
    const CLI::App& command, const std::vector<std::string>& words);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_WORDS_H_
