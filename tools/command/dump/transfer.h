// appcache dump, load: copies a cache to a file and back.

#ifndef APPCACHE_TOOLS_COMMAND_DUMP_TRANSFER_H_
#define APPCACHE_TOOLS_COMMAND_DUMP_TRANSFER_H_

#include <string>

#include "tools/command/cache/open_cache.h"

namespace appcache::command {

enum class DumpFormat {
  kBinary,  // dump_format.h
  kLines,   // dump_lines.h
};

struct DumpOptions {
  CacheFlags cache;
  std::string file = "-";  // "-": standard output
  DumpFormat format = DumpFormat::kBinary;
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
// Adds the entries of a dump of either format to the cache. In a SQLite file
// they keep their last access, and each block of the dump is loaded in one
// transaction. Stops at the first damaged block or line.
int Load(const LoadOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_DUMP_TRANSFER_H_
