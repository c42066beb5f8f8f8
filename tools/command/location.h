// Where the cache is that the command works on.

#ifndef APPCACHE_TOOLS_COMMAND_LOCATION_H_
#define APPCACHE_TOOLS_COMMAND_LOCATION_H_

#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::command {

// The path in `uri`, which is sqlite:PATH or a plain PATH. What begins with a
// scheme that is not known is kInvalidArgument, with a list of those that are.
Result<std::string> ParseCacheUri(std::string_view uri);

// appcache/cache.db in `xdg_cache_home`, or else in .cache of `home`. Either
// may be null; a relative XDG_CACHE_HOME does not count, as its specification
// says. kInvalidArgument when neither helps.
Result<std::string> DefaultCachePath(const char* xdg_cache_home,
                                     const char* home);

// Makes the directory of `path` and those above it, as far as they are missing,
// for this user alone (0700).
Status MakePrivateDirectory(const std::string& path);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_LOCATION_H_
