// Opens the cache that the options name.

#ifndef APPCACHE_TOOLS_COMMAND_CACHE_OPEN_CACHE_H_
#define APPCACHE_TOOLS_COMMAND_CACHE_OPEN_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/log.h"
#include "appcache/sqlite_cache.h"
#include "engine/uri/uri.h"

namespace appcache::command {

// The options about the cache that the commands have in common.
struct CacheFlags {
  // Empty: the user's own cache, which is created when missing.
  std::string uri;
  // True when `uri` comes from APPCACHE_CACHE; for messages.
  bool is_from_environment = false;

  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;

  // Limits of a SQLite file when neither the options nor the URI set one; no
  // value: unlimited. They are unlimited by default because limits are not
  // stored in the file, which may belong to a service with higher ones: a
  // command must not evict unless the user asks for it. An LMDB directory is
  // opened with LmdbCache's default or the size of its file, whichever is
  // larger.
  std::optional<uint64_t> default_max_entries;
  std::optional<uint64_t> default_max_bytes;

  // Receives the warnings of the cache; empty: prints them.
  LogSink log;
};

enum class IfMissing {
  kCreate,
  // For commands that need existing entries: a mistyped path is an error and
  // creates no file. So is a directory without an LMDB cache.
  kFail,
};

// The environment variable that replaces --cache where that is not given. It
// keeps a password out of the command line, which every user may list.
inline constexpr const char* kCacheVariable = "APPCACHE_CACHE";

// The URI of the cache, with its options.
Result<internal::Uri> LocationOf(const CacheFlags& flags);

// Opens the cache. Errors: those of LocationOf and appcache::Open; kUnavailable
// when the cache is missing and `if_missing` is kFail; kInvalidArgument for a
// limit that the backend does not have, or that is in the URI too.
Result<std::unique_ptr<Cache>> OpenCache(const CacheFlags& flags,
                                         IfMissing if_missing);

// The same for a location that the caller got from LocationOf(flags).
Result<std::unique_ptr<Cache>> OpenLocation(internal::Uri location,
                                            const CacheFlags& flags,
                                            IfMissing if_missing);

// The same two for commands that only read. A missing cache is an error. A
// cache in a file that this user may not write to is opened to read only, and
// stays as it is; any other is opened as above, so that a get of the command
// counts as an access where it can.
Result<std::unique_ptr<Cache>> OpenCacheToRead(const CacheFlags& flags);
Result<std::unique_ptr<Cache>> OpenLocationToRead(internal::Uri location,
                                                  const CacheFlags& flags);

// Opens a SQLite file that exists to read only, also if this user may write to
// it: without its locks and its maintenance, which takes half of the time.
// REQUIRES: StorageOf(location).scheme == "sqlite".
Result<std::unique_ptr<Cache>> OpenLocationReadOnly(internal::Uri location,
                                                    const CacheFlags& flags);

// For operations that only SqliteCache has. Another backend is kUnsupported;
// the message says that it cannot `what` ("list its entries").
Result<std::unique_ptr<SqliteCache>> OpenSqliteCache(const CacheFlags& flags,
                                                     IfMissing if_missing,
                                                     const char* what);
Result<std::unique_ptr<SqliteCache>> OpenSqliteCacheToRead(
    const CacheFlags& flags, const char* what);

// kUnsupported if `cache`, which was opened with `flags`, cannot list its
// entries (Traits().supports_walk).
Status CheckCanList(const CacheFlags& flags, const Cache& cache);

// Whether opening a cache in a file has failed because this user may not write
// there.
bool IsWriteRefused(const Status& status) noexcept;

// UserCacheDirectory of the environment; without HOME, of the home directory in
// the user database. The directory may not exist yet.
Result<std::string> DefaultCacheDirectory();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CACHE_OPEN_CACHE_H_
