// Parses the --cache option and finds the default cache.

#ifndef APPCACHE_TOOLS_COMMAND_CACHE_LOCATION_H_
#define APPCACHE_TOOLS_COMMAND_CACHE_LOCATION_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "appcache/error.h"
#include "engine/uri/uri.h"

namespace appcache::command {

// Parses the value of --cache: a URI as appcache::Open takes it, or a plain
// PATH. A PATH names a SQLite file; it has no escapes and no options.
// kInvalidArgument when `text` is neither, and when it names an in-memory
// cache, which would be lost when the command exits.
Result<internal::Uri> ParseCacheUri(std::string_view text);

// True when the path of the URI is that of a file or a directory.
bool IsInFile(const internal::Uri& uri);

// The file that shows that the cache exists. For LMDB that is not its
// directory, which may exist for another purpose. REQUIRES: IsInFile(uri).
inline std::string FileOf(const internal::Uri& uri) {
  return uri.scheme == "lmdb" ? uri.path + "/data.mdb" : uri.path;
}

// What messages call the cache: "a Redis cache", "an LMDB cache", "a tier".
const char* KindOf(const internal::Uri& uri);

// The cache that keeps the entries when the command exits: the remote cache of
// a tier, otherwise `uri` itself.
inline internal::Uri& StorageOf(internal::Uri& uri) {
  return uri.levels.empty() ? uri : uri.levels.back();
}

// The directory of the user's cache, with a slash at its end: "appcache/" in
// `xdg_cache_home`, or in .cache of `home`. Either may be null. A relative
// XDG_CACHE_HOME is ignored, as the XDG specification requires. kUnavailable
// when neither is usable.
Result<std::string> UserCacheDirectory(const char* xdg_cache_home,
                                       const char* home);

// Creates the missing directories of `path`, up to its last slash, accessible
// by this user only (0700). Root creates none in a directory of another user,
// who could not use it: with sudo, HOME may be that user's.
Status CreatePrivateDirectories(const std::string& path);

// True when only `user` and root decide what is in a file or a directory with
// this owner and mode: nobody else owns it, and not everyone may write to it.
// In a sticky directory, nobody may replace a file of another user.
bool IsTrusted(uid_t owner, mode_t mode, uid_t user);

// kUnavailable unless `file` and its directory are trusted by `user`. Follows
// links. A missing file or directory is no error.
Status CheckTrusted(const std::string& file, uid_t user);

// Creates the directory of the user's cache, whose name ends with a slash, if
// it is missing. kUnavailable when it is not this user's own, or others may
// write to it: they would decide what is replayed.
Status PrepareUserCacheDirectory(const std::string& directory);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CACHE_LOCATION_H_
