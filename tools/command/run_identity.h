// What makes two runs of exec the same run: the command, its arguments, and the
// scope that the user named.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_
#define APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_

#include <span>
#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::command {

// Something besides the command that its output depends on.
struct Scope {
  enum class Kind : char {
    kDirectory = 'd',    // the current one
    kEnvironment = 'e',  // the value of the variable `name`
    kFile = 'f',         // the content of the file `name`
  };
  Kind kind;
  std::string name;
};

// "cwd", "env:NAME" or "file:PATH"; else kInvalidArgument.
Result<Scope> ParseScope(std::string_view text);

// The identity as bytes. No two different runs have the same: every part has
// its length before it. The order of the scopes does not matter. A variable
// that is not set and a file that is not there are states like any other.
// Errors: the current directory or a file cannot be read.
Result<std::string> RunIdentity(std::span<const std::string> command,
                                std::span<const Scope> scopes);

// The segment of the key path under which a run's record is kept: a hash of the
// identity. The record holds the identity itself, so that a collision is seen.
std::string RunKey(std::string_view identity);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_IDENTITY_H_
