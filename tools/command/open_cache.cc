#include "tools/command/open_cache.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "tools/command/location.h"

namespace appcache::command {
namespace {

// The most that the engine takes.
constexpr uint64_t kNoLimit = uint64_t{1} << 62;

Status NoSuchCache(const std::string& path) {
  return Status(ErrorCode::kUnavailable,
                "there is no cache at " + path +
                    "; check --cache (exec, set, load and replay make one)");
}

}  // namespace

Result<std::string> CachePath(const CacheFlags& flags) {
  if (!flags.uri.empty()) return ParseCacheUri(flags.uri);
  return DefaultCachePath(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
}

Result<std::unique_ptr<SqliteCache>> OpenCache(const CacheFlags& flags,
                                               IfMissing if_missing) {
  Result<std::string> path = CachePath(flags);
  if (!path.ok()) return path.status();
  struct stat there;
  const bool is_missing = stat(path->c_str(), &there) != 0 && errno == ENOENT;
  if (flags.uri.empty()) {
    if (is_missing) {
      Status made = MakePrivateDirectory(*path);
      if (!made.ok()) return made;
    }
  } else if (is_missing && if_missing == IfMissing::kFail) {
    return NoSuchCache(*path);
  }
  SqliteCacheOptions options;
  options.max_entries = flags.max_entries.value_or(kNoLimit);
  options.max_bytes = flags.max_bytes;
  return SqliteCache::OpenFile(*path, options);
}

}  // namespace appcache::command
