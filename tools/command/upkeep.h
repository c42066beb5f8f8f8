// appcache clear, check: operations on a whole cache.

#ifndef APPCACHE_TOOLS_COMMAND_UPKEEP_H_
#define APPCACHE_TOOLS_COMMAND_UPKEEP_H_

#include "tools/command/open_cache.h"

namespace appcache::command {

struct ClearOptions {
  CacheFlags cache;
  bool yes = false;
  bool json = false;
};
// Removes every entry, whatever its prefix. Without `yes`, asks for
// confirmation on a terminal. Returns kUsage, and removes nothing, when it is
// not given.
int Clear(const ClearOptions& options);

struct CheckOptions {
  CacheFlags cache;
  bool fix = false;
  bool json = false;
};
// Returns kFailure when the cache has problems, or with `fix`, when some
// remain.
int Check(const CheckOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_UPKEEP_H_
