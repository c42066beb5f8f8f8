// Where the cache is that the command works on.

#ifndef APPCACHE_TOOLS_COMMAND_LOCATION_H_
#define APPCACHE_TOOLS_COMMAND_LOCATION_H_

#include <string>
#include <string_view>

#include "engine/error.h"
#include "engine/uri/uri.h"

namespace appcache::command {

// What --cache says: a URI as appcache::Open takes it, or a plain PATH, which
// is a SQLite file and holds no escapes and no options. kInvalidArgument: it is
// neither, the message lists what is known; or it names a cache in memory,
// which would be gone when the command ends.
Result<Uri> ParseCacheUri(std::string_view text);

// Whether the path of the URI is that of a file or a directory.
bool IsInFile(const Uri& uri);

// "a Redis cache", "an LMDB cache", "a tier": as messages call what `uri`
// names.
const char* KindOf(const Uri& uri);

// Where the entries are that stay: of a tier its remote cache, or else `uri`.
inline Uri& Lasting(Uri& uri) {
  return uri.levels.empty() ? uri : uri.levels.back();
}

// The directory "appcache/" in `xdg_cache_home`, or else in .cache of `home`.
// Either may be null; a relative XDG_CACHE_HOME does not count, as its
// specification says. kInvalidArgument when neither helps.
Result<std::string> UserCacheDirectory(const char* xdg_cache_home,
                                       const char* home);

// Makes the directory of `path` and those above it, as far as they are missing,
// for this user alone (0700).
Status MakePrivateDirectory(const std::string& path);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_LOCATION_H_
