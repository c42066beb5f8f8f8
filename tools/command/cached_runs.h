// appcache exec --list and --forget: shows and removes recorded runs.

#ifndef APPCACHE_TOOLS_COMMAND_CACHED_RUNS_H_
#define APPCACHE_TOOLS_COMMAND_CACHED_RUNS_H_

#include <string>
#include <vector>

#include "tools/command/open_cache.h"
#include "tools/command/run_identity.h"

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
};
// Removes the record of the run. Returns kDone, or kMiss if there was none. A
// process that runs the command now will store its record later.
int ForgetRun(const ForgetRunOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CACHED_RUNS_H_
