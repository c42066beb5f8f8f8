#include "tools/command/location.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "tools/command/fd.h"

namespace appcache::command {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsSchemeCharacter(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
         c == '.';
}

// What stands before the first colon if that is a scheme (RFC 3986), or
// nothing.
std::string_view SchemeOf(std::string_view uri) {
  const std::string_view scheme = uri.substr(0, uri.find(':'));
  const bool is_scheme =
      scheme.size() < uri.size() && !scheme.empty() && IsLetter(scheme[0]) &&
      std::all_of(scheme.begin(), scheme.end(), IsSchemeCharacter);
  return is_scheme ? scheme : std::string_view();
}

Status Wrong(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<std::string> ParseCacheUri(std::string_view uri) {
  const std::string_view scheme = SchemeOf(uri);
  if (!scheme.empty() && scheme != kSqliteScheme) {
    return Wrong("no cache is known by the scheme '" + std::string(scheme) +
                 ":'; known are sqlite:PATH and a plain PATH (one with a colon "
                 "begins with ./ or /)");
  }
  const size_t skipped = scheme.empty() ? 0 : scheme.size() + 1;
  const std::string path(uri.substr(skipped));
  if (path.empty()) return Wrong("a cache is sqlite:PATH or a plain PATH");
  if (path.find('\0') != std::string::npos) {
    return Wrong("the path of a cache has no NUL in it");
  }
  if (path == ":memory:") {
    return Wrong(
        "a cache in memory would be gone when the command ends; name a file");
  }
  return path;
}

Result<std::string> DefaultCachePath(const char* xdg_cache_home,
                                     const char* home) {
  if (xdg_cache_home != nullptr && xdg_cache_home[0] == '/') {
    return std::string(xdg_cache_home) + "/appcache/cache.db";
  }
  if (home != nullptr && home[0] == '/') {
    return std::string(home) + "/.cache/appcache/cache.db";
  }
  return Wrong(
      "neither XDG_CACHE_HOME nor HOME names a directory for the cache; name "
      "the file with --cache");
}

Status MakePrivateDirectory(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // One that cannot be made, because of a read-only parent, may be there.
    struct stat there;
    const int error = errno;
    if (stat(directory.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) {
      continue;
    }
    return FileFailure("make the directory", directory, error);
  }
  return Status();
}

}  // namespace appcache::command
