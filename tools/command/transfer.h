// appcache dump, load: a cache as a file that travels.

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
// Writes every entry whose ttl has not ended. Entries that are set or removed
// meanwhile may be in the dump or not.
int Dump(const DumpOptions& options);

struct LoadOptions {
  CacheFlags cache;
  std::string file = "-";  // "-": standard input
  bool json = false;
};
// Adds the entries of a dump to the cache, block by block: a block is loaded
// whole or not at all. Stops at the first that is damaged.
int Load(const LoadOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRANSFER_H_
