// appcache exec: runs a command once and replays its output from the cache.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_EXEC_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_EXEC_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/command/cache/open_cache.h"
#include "tools/command/exec/run_age.h"
#include "tools/command/exec/run_identity.h"

namespace appcache::command {

struct ExecOptions {
  CacheFlags cache;
  std::vector<std::string> command;  // never empty
  std::vector<Scope> scopes;
  // How long the run is fresh, and how long it is replayed after that, while
  // one process refreshes it in the background.
  RunLifetime lifetime{.ttl = std::chrono::hours(1), .stale = {}};
  // The limit of both streams together. Larger output is passed on but not
  // cached.
  uint64_t max_output = uint64_t{8} << 20;
  // Runs the command even if it is cached.
  bool refresh = false;
  // Runs the command in the background, even if it is cached, and returns.
  bool warm = false;
  bool cache_failures = false;
  // How long to wait for another process that runs the command.
  std::chrono::milliseconds wait = std::chrono::minutes(1);
  // How long to wait for the cache, apart from `wait`.
  std::chrono::milliseconds cache_timeout = std::chrono::seconds(10);
  // The permissions of a cache file that is created, and of the lock file. When
  // given, the cache is shared: other users may own it, and write to it.
  std::optional<mode_t> mode;
  // Leaves APPCACHE_CACHE in the environment of the command.
  bool pass_cache = false;
};

// The note for a user who waits on a terminal.
inline constexpr const char* kWaitingForRun =
    "waiting for another process that runs this command";

// True if this process is part of the run: its command has started it.
bool IsActiveRun(const std::string& run_key);

// Returns the exit status of the command, or of its replay. When the cache
// fails, prints a warning and runs the command. With `warm`, prints an error
// and returns kFailure instead, or 126 or 127 if the program cannot be
// executed; otherwise returns kDone before the command has run. REQUIRES:
// !options.command.empty().
int Exec(ExecOptions options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_EXEC_H_
