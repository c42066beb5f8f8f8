#include "tools/command/cache/location.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/uri/scheme_registry.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

Status InMemory() {
  return Invalid(
      "an in-memory cache would be lost when the command exits; name a file or "
      "a server");
}

Status OfAnotherUser(const std::string& directory) {
  return Status(ErrorCode::kUnavailable,
                "the cache directory " + Quoted(directory) +
                    " belongs to another user; set XDG_CACHE_HOME, or pass "
                    "--cache");
}

// True if root would create the directory in one of another user.
bool RootWouldIntrude(const std::string& directory) {
  const std::string parent = directory.substr(0, directory.rfind('/') + 1);
  struct stat info;
  return geteuid() == 0 && access(directory.c_str(), F_OK) != 0 &&
         stat(parent.c_str(), &info) == 0 && info.st_uid != 0;
}

// Does not show the text: it may be a password in the wrong place.
Status UnknownScheme() {
  std::string message(
      "unknown scheme before the first colon; write a PATH (starting with ./ "
      "or / if it contains a colon)");
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    if (scheme.name != "memory") message.append(", ").append(scheme.form);
  }
  return Invalid(std::move(message));
}

// A URI that something precedes: a blank, or the quotes of a file of variables.
// As a path, messages would show its password.
bool ContainsUri(std::string_view text) {
  return text.find("://") != std::string_view::npos && text[0] != '/' &&
         text[0] != '.';
}

Result<internal::Uri> FromPath(std::string_view path) {
  if (ContainsUri(path)) return UnknownScheme();
  if (path.find('\0') != std::string_view::npos) {
    return Invalid("the path contains a NUL byte");
  }
  if (path == ":memory:") return InMemory();
  internal::Uri uri;
  uri.scheme = "sqlite";
  uri.path = path;
  return uri;
}

}  // namespace

Result<internal::Uri> ParseCacheUri(std::string_view text) {
  if (text.empty()) return Invalid("must not be empty; write a PATH or a URI");
  const std::string scheme = internal::SchemeOf(text);
  if (scheme.empty()) return FromPath(text);
  const bool is_known = std::any_of(
      std::begin(internal::kKnownSchemes), std::end(internal::kKnownSchemes),
      [&](const internal::KnownScheme& known) { return known.name == scheme; });
  if (!is_known) return UnknownScheme();
  Result<internal::Uri> uri = internal::ParseUri(text);
  if (!uri.ok()) return uri;
  const internal::Uri& storage = StorageOf(*uri);
  if (storage.scheme == "memory" || storage.path == ":memory:") {
    return InMemory();
  }
  if (IsInFile(*uri)) {
    Status path_only = internal::ExpectPathOnly(*uri);
    if (!path_only.ok()) return path_only;
  }
  return uri;
}

bool IsInFile(const internal::Uri& uri) {
  return uri.scheme == "sqlite" || uri.scheme == "lmdb";
}

const char* KindOf(const internal::Uri& uri) {
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
  return Status(
      ErrorCode::kUnavailable,
      "no default cache: neither XDG_CACHE_HOME nor HOME is an absolute path, "
      "and this user has no home directory; pass --cache");
}

Status CreatePrivateDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (RootWouldIntrude(directory)) return OfAnotherUser(path);
    if (mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // With a read-only parent, mkdir of an existing directory is EROFS.
    struct stat info;
    const int error = errno;
    if (stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      continue;
    }
    return FileFailure("create the directory", directory, error);
  }
  return Status();
}

bool IsTrusted(uid_t owner, mode_t mode, uid_t user) {
  if (owner != user && owner != 0) return false;
  return (mode & S_IWOTH) == 0 || (mode & S_ISVTX) != 0;
}

Status CheckTrusted(const std::string& file, uid_t user) {
  std::error_code error;
  // The path of a file that does not exist would stay relative, and have no
  // directory.
  auto target = std::filesystem::absolute(file, error);
  if (!error) target = std::filesystem::weakly_canonical(target, error);
  if (error) return FileFailure("find", file, error.value());
  for (const std::string& path :
       {target.string(), target.parent_path().string()}) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) continue;
    // Opening anything else fails with an error of its own.
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) continue;
    if (IsTrusted(info.st_uid, info.st_mode, user)) continue;
    return Status(ErrorCode::kUnavailable,
                  Quoted(path) +
                      " belongs to another user, or every user may write to "
                      "it; pass --mode to share a cache");
  }
  return Status();
}

Status PrepareUserCacheDirectory(const std::string& directory) {
  Status created = CreatePrivateDirectories(directory);
  if (!created.ok()) return created;
  struct stat info;
  if (stat(directory.c_str(), &info) != 0) {
    return FileFailure("use the directory", directory, errno);
  }
  if (info.st_uid != geteuid()) {
    return OfAnotherUser(directory);
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Status(ErrorCode::kUnavailable,
                  "other users may write to the cache directory " +
                      Quoted(directory) + "; run chmod go-w, or pass --cache");
  }
  return Status();
}

}  // namespace appcache::command
