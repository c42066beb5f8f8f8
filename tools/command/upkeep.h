// appcache clear, check: a cache as a whole.

#ifndef APPCACHE_TOOLS_COMMAND_UPKEEP_H_
#define APPCACHE_TOOLS_COMMAND_UPKEEP_H_

#include "tools/command/open_cache.h"

namespace appcache::command {

struct ClearOptions {
  CacheFlags cache;
  bool yes = false;
  bool json = false;
};
// Removes every entry, whatever its prefix. Asks, if a person can answer;
// kUsage without a yes.
int Clear(const ClearOptions& options);

struct CheckOptions {
  CacheFlags cache;
  bool fix = false;
  bool json = false;
};
// kFailure when problems remain.
int Check(const CheckOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_UPKEEP_H_
