// appcache exec --list and --forget: shows and removes recorded runs.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_CACHED_RUNS_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_CACHED_RUNS_H_

#include <chrono>
#include <string>
#include <vector>

#include "tools/command/cache/open_cache.h"
#include "tools/command/exec/run_identity.h"

namespace appcache::command {

struct ListRunsOptions {
  CacheFlags cache;
  bool json = false;
};
// Prints the runs that have a record in the cache, the most recent first: as a
// table, or as a JSON array with one run per line. Not an access. A cache that
// cannot list its entries is an error. A damaged record is left out, after a
// warning. Reads all records, one at a time.
int ListRuns(const ListRunsOptions& options);

struct ForgetRunOptions {
  CacheFlags cache;
  std::vector<std::string> command;  // never empty
  std::vector<Scope> scopes;
  // How long to wait for a process that runs the command.
  std::chrono::milliseconds wait = std::chrono::minutes(1);
};
// Waits for a process that runs the command under its lock, which would store
// its record later, and removes the record of the run and the mark of a
// refresh. Returns kDone, or kMiss if there was no record. If the wait has
// ended before, or the command itself calls this, removes both too, prints that
// the run may be cached again, and returns kFailure.
int ForgetRun(const ForgetRunOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_CACHED_RUNS_H_
