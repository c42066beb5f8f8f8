// The options of exec as they are given, and the defaults from the environment.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_EXEC_FLAGS_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_EXEC_FLAGS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "appcache/error.h"
#include "tools/command/exec/exec.h"

namespace appcache::command {

struct ExecFlags {
  // Those without a default in the environment; `command` is not used.
  ExecOptions options;

  std::optional<std::chrono::milliseconds> ttl;
  std::optional<std::chrono::milliseconds> stale;
  std::optional<std::chrono::milliseconds> wait;
  std::optional<std::chrono::milliseconds> cache_timeout;
  std::optional<uint64_t> max_output;
  bool list = false;
  bool forget = false;
  bool json = false;

  // kInvalidArgument when options exclude each other.
  Status Check() const;

  // The options, with defaults from the environment for those that are not
  // given; an empty variable is no default. With `forget`, only the scopes and
  // the wait have one. kInvalidArgument, with the name of the variable, when it
  // is invalid.
  Result<ExecOptions> Resolve() const;
};

// Parsers of values. kInvalidArgument for what is out of range.
Result<uint64_t> ParseOutputSize(std::string_view text);
Result<std::chrono::milliseconds> ParseWait(std::string_view text);
Result<std::chrono::milliseconds> ParseTimeout(std::string_view text);
Result<mode_t> ParseMode(std::string_view text);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_EXEC_FLAGS_H_
