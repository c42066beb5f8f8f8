#include "tools/command/location.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "engine/uri/scheme_registry.h"
#include "tools/command/fd.h"

namespace appcache::command {
namespace {

Status Wrong(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status WrongInMemory() {
  return Wrong(
      "a cache in memory would be gone when the command ends; name a file or a "
      "server");
}

// Shows nothing of what was given: a password may have come to the wrong place.
Status UnknownScheme() {
  std::string message(
      "what stands before the first colon is no scheme that is known; known "
      "are a plain PATH (one with a colon begins with ./ or /)");
  for (const KnownScheme& scheme : kKnownSchemes) {
    message.append(", ").append(scheme.form);
  }
  return Wrong(std::move(message));
}

Result<Uri> FromPath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return Wrong("the path of a cache has no NUL in it");
  }
  if (path == ":memory:") return WrongInMemory();
  Uri uri;
  uri.scheme = "sqlite";
  uri.path = path;
  return uri;
}

}  // namespace

Result<Uri> ParseCacheUri(std::string_view text) {
  if (text.empty()) return Wrong("a cache is a URI or a plain PATH");
  const std::string scheme = SchemeOf(text);
  if (scheme.empty()) return FromPath(text);
  const bool is_known = std::any_of(
      std::begin(kKnownSchemes), std::end(kKnownSchemes),
      [&](const KnownScheme& known) { return known.name == scheme; });
  if (!is_known) return UnknownScheme();
  Result<Uri> uri = ParseUri(text);
  if (!uri.ok()) return uri;
  const Uri& lasting = Lasting(*uri);
  if (lasting.scheme == "memory" || lasting.path == ":memory:") {
    return WrongInMemory();
  }
  if (IsInFile(*uri)) {
    if (Status status = ExpectPathOnly(*uri); !status.ok()) return status;
  }
  return uri;
}

bool IsInFile(const Uri& uri) {
  return uri.scheme == "sqlite" || uri.scheme == "lmdb";
}

const char* KindOf(const Uri& uri) {
  if (uri.scheme == "lmdb") return "an LMDB cache";
  if (uri.scheme == "tiered") return "a tier";
  if (uri.scheme.starts_with("redis")) return "a Redis cache";
  if (uri.scheme.starts_with("memcached")) return "a Memcached cache";
  return "a SQLite cache";
}

Result<std::string> UserCacheDirectory(const char* xdg_cache_home,
                                       const char* home) {
  if (xdg_cache_home != nullptr && xdg_cache_home[0] == '/') {
    return std::string(xdg_cache_home) + "/appcache/";
  }
  if (home != nullptr && home[0] == '/') {
    return std::string(home) + "/.cache/appcache/";
  }
  return Wrong(
      "neither XDG_CACHE_HOME nor HOME names a directory for the cache; name "
      "the cache with --cache");
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
