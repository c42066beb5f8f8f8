// appcache exec: a command, run once and replayed from the cache.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/command/open_cache.h"
#include "tools/command/run_identity.h"

namespace appcache::command {

struct ExecOptions {
  CacheFlags cache;
  std::vector<std::string> command;  // never empty
  std::vector<Scope> scopes;
  std::chrono::milliseconds ttl = std::chrono::hours(1);
  // Of both streams together. More is passed on but not cached.
  uint64_t max_output = uint64_t{8} << 20;
  bool refresh = false;
  bool cache_failures = false;
};

// Returns the status of the command or, after a replay, ends the process with
// it at once. Whatever is wrong with the cache costs a warning and a run of the
// command, nothing else.
int Exec(ExecOptions options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_H_
