// RunIdentity: the bytes that identify a run of exec. Two runs are the same if
// their commands, arguments and scopes are equal, and the command is the same
// file.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_
#define APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_

#include <span>
#include <string>
#include <string_view>

#include "appcache/error.h"

namespace appcache::command {

// An input of the command, besides its arguments, that is part of the identity.
struct Scope {
  enum class Kind : char {
    kDirectory = 'd',    // the current one
    kEnvironment = 'e',  // the value of the variable `name`
    kFile = 'f',         // the content of the file `name`
  };
  Kind kind;
  std::string name;
};

// Parses "cwd", "env:NAME" or "file:PATH". kInvalidArgument for other text.
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

// The last segment of the key path of the run's record: a hash of the identity,
// in hexadecimal. The record contains the identity, so that a collision is
// detected.
std::string RunKey(std::string_view identity);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_
