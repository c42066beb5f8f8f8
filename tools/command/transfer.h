// appcache dump, load: copies a cache to a file and back.

#ifndef APPCACHE_TOOLS_COMMAND_TRANSFER_H_
#define APPCACHE_TOOLS_COMMAND_TRANSFER_H_

#include <string>

#include "tools/command/open_cache.h"

namespace appcache::command {

struct DumpOptions {
  CacheFlags cache;
  std::string file = "-";  // "-": standard output
  bool json = false;
};
// Writes every entry that has not expired. The dump may contain entries that
// are set or removed while it runs.
int Dump(const DumpOptions& options);

struct LoadOptions {
  CacheFlags cache;
  std::string file = "-";  // "-": standard input
  bool json = false;
};
// Adds the entries of a dump to the cache. Each block of the dump is loaded in
// one transaction. Stops at the first damaged block.
int Load(const LoadOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRANSFER_H_
