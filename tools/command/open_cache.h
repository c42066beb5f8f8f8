// Opening the cache that the options name.

#ifndef APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_
#define APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/cache.h"
#include "engine/error.h"
#include "engine/sqlite_cache.h"
#include "engine/uri/uri.h"

namespace appcache::command {

// What the options of every command say about the cache.
struct CacheFlags {
  std::string uri;  // empty: the user's own cache, which is made when missing
  // Whether `uri` is that of APPCACHE_CACHE: for messages.
  bool is_from_environment = false;

  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;

  // What holds for a SQLite file of which neither these nor the URI say
  // anything; empty: no limit. The file may be a service's with limits of its
  // own, which are not written in it: a command that nobody told to must not
  // evict there. Nor in an LMDB directory: it is opened with LmdbCache's
  // default, or the size of its file where that is more.
  std::optional<uint64_t> default_max_entries;
  std::optional<uint64_t> default_max_bytes;
};

enum class IfMissing {
  kMake,
  // For commands that only make sense on what is there: a name mistyped is
  // told, and leaves no empty file behind; nor does the name of a directory in
  // which there is no cache.
  kFail,
};

// The environment variable that stands for --cache where that is not given, so
// that a password need not be a word of the command, which everybody may list.
inline constexpr const char* kCacheVariable = "APPCACHE_CACHE";

// Where the cache is; with the options of the URI.
Result<Uri> LocationOf(const CacheFlags& flags);

// What LocationOf and appcache::Open say; kUnavailable as IfMissing has it;
// kInvalidArgument for limits that the backend does not have, or that the URI
// has too.
Result<std::unique_ptr<Cache>> OpenCache(const CacheFlags& flags,
                                         IfMissing if_missing);

// The same, of flags.uri or of what was made of it.
Result<std::unique_ptr<Cache>> OpenLocation(Uri location,
                                            const CacheFlags& flags,
                                            IfMissing if_missing);

// The same for what only SqliteCache can do. kUnsupported, with `what` it is
// ("list its entries"), for another backend.
Result<std::unique_ptr<SqliteCache>> OpenSqliteCache(const CacheFlags& flags,
                                                     IfMissing if_missing,
                                                     const char* what);

// The directory of the user's own cache, with a slash at its end; it may not be
// there yet. kInvalidArgument: there is none.
Result<std::string> OwnDirectory();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_OPEN_CACHE_H_
