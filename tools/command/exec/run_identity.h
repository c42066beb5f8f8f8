// RunIdentity: the bytes that identify a run of exec. Two runs are the same if
// their commands, arguments and scopes are equal, and the command is the same
// file.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_IDENTITY_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_IDENTITY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::command {

// An input of the command, besides its arguments, that is part of the identity.
struct Scope {
  enum class Kind : char {
    kDirectory = 'd',    // the current one
    kEnvironment = 'e',  // the value of the variable `name`
    kFile = 'f',         // the content of the file `name`
    kName = 'n',         // the name itself
  };
  Kind kind;
  std::string name;
};

// Parses "cwd", "env:NAME", "file:PATH" or "name:NAME"; any other text is a
// name too. kInvalidArgument for empty text, and for text that starts with
// letters and a colon, which would otherwise turn a misspelt kind into a name.
Result<Scope> ParseScope(std::string_view text);

// The identity. The program is part of it by its absolute path, found in PATH
// as execvp does: a relative path implies the current directory. It is
// unambiguous because every part is length-prefixed. The
// order of the scopes does not matter. An unset variable differs from an empty
// one, and a missing file from an empty one. kUnavailable when the current
// directory or a file cannot be read; kInvalidArgument when a file is not a
// regular file.
Result<std::string> RunIdentity(std::span<const std::string> command,
                                std::span<const Scope> scopes);

// The parts of an identity. The views point into it.
struct IdentityParts {
  std::string_view program;  // empty when there is none
  std::vector<std::string_view> words;
  struct ScopeValue {
    Scope::Kind kind;
    std::string_view name;
    std::string_view directory;  // of kDirectory
  };
  std::vector<ScopeValue> scopes;
};
// Nothing when `identity` was not made by RunIdentity.
std::optional<IdentityParts> ParseIdentity(std::string_view identity);

// The last segment of the key path of the run's record: a hash of the identity,
// in hexadecimal. The record contains the identity, so that a collision is
// detected.
std::string RunKey(std::string_view identity);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_IDENTITY_H_
