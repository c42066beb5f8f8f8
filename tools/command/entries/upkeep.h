// appcache clear, check: operations on a whole cache.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_UPKEEP_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_UPKEEP_H_

#include <optional>
#include <string>

#include "tools/command/cache/open_cache.h"
#include "tools/command/entries/entries.h"

namespace appcache::command {

struct ClearOptions {
  CacheFlags cache;
  KeyFlags keys;
  // Only entries whose key starts with this: see Selection::StartingWith.
  std::optional<std::string> key_prefix;
  bool yes = false;
  bool json = false;
};
// With a key prefix, or a prefix in `keys`, removes those entries. Otherwise
// removes every entry, whatever its prefix. Without `yes`, asks for
// confirmation of that on a terminal. Returns kUsage, and removes nothing, when
// it is not given.
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

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_UPKEEP_H_
