// Opening the cache that the options name.

#ifndef APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_
#define APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/sqlite_cache.h"

namespace appcache::command {

// What the options of every command say about the cache.
struct CacheFlags {
  std::string uri;  // empty: the user's own cache, which is made when missing

  // Empty: no limit. The file may be a service's with limits of its own, which
  // are not written in it: a command that nobody told to must not evict there.
  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;
};

enum class IfMissing {
  kMake,
  // For commands that only make sense on what is there: a name mistyped is
  // told, and leaves no empty file behind.
  kFail,
};

// The path of the cache; for messages and for the files beside it.
Result<std::string> CachePath(const CacheFlags& flags);

Result<std::unique_ptr<SqliteCache>> OpenCache(const CacheFlags& flags,
                                               IfMissing if_missing);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_
