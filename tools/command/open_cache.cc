#include "tools/command/open_cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "adapters/lmdb/lmdb_cache.h"
#include "engine/uri/scheme_registry.h"
#include "tools/command/location.h"

namespace appcache::command {
namespace {

// The most that SqliteCache takes.
constexpr uint64_t kNoLimit = uint64_t{1} << 62;

Status Wrong(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

// That all is well is no news to who runs a command.
void LogWarnings(LogLevel level, std::string_view message) {
  if (level != LogLevel::kInfo) LogToStderr(level, message);
}

Status NoSuchCache(const std::string& path, const CacheFlags& flags) {
  return Status(ErrorCode::kUnavailable,
                "there is no cache at " + path + "; check " +
                    (flags.is_from_environment ? kCacheVariable : "--cache") +
                    " (exec, set, load and replay make one)");
}

// That a URI is wrong says where it came from, if that was not the command.
template <class T>
Result<T> Named(const CacheFlags& flags, Result<T> made) {
  if (!flags.is_from_environment ||
      !made.status().Is(ErrorCode::kInvalidArgument)) {
    return made;
  }
  return Wrong(std::string(kCacheVariable) + ": " + made.error().message);
}

// The file without which there is no cache. A directory alone is none: it may
// be anybody's.
std::string FileOf(const Uri& uri) {
  return uri.scheme == "lmdb" ? uri.path + "/data.mdb" : uri.path;
}

// What an LMDB directory is opened with that nobody gave a limit. Its file has
// the size of the largest max_bytes that it was opened with: a service may have
// more than the default, and a command with less would evict the service's.
std::optional<uint64_t> LmdbBytes(const Uri& uri) {
  struct stat file;
  if (stat(FileOf(uri).c_str(), &file) != 0) return std::nullopt;
  return std::clamp(static_cast<uint64_t>(file.st_size),
                    LmdbCacheOptions().max_bytes, LmdbCache::kMaxBytes);
}

// A limit of the command line as the option of the URI that it stands for.
struct Limit {
  const char* flag;
  const char* option;
  bool has_lmdb;  // SqliteCache has all, a server none
  std::optional<uint64_t> value;
  std::optional<uint64_t> otherwise;  // when nobody gave it
};

Status AddLimit(const Limit& limit, Uri& uri) {
  Uri& lasting = Lasting(uri);
  const bool in_uri = std::any_of(
      lasting.options.begin(), lasting.options.end(),
      [&](const Uri::Option& option) { return option.name == limit.option; });
  if (limit.value) {
    const std::string flag(limit.flag);
    if (uri.scheme != "sqlite" && !(uri.scheme == "lmdb" && limit.has_lmdb)) {
      return Wrong(flag + ": " + KindOf(uri) +
                   " has no such limit that a program could set; a SQLite "
                   "file has");
    }
    if (in_uri) return Wrong(flag + ": the URI has it too; give one of them");
    uri.options.push_back({limit.option, std::to_string(*limit.value)});
  } else if (limit.otherwise && !in_uri) {
    lasting.options.push_back({limit.option, std::to_string(*limit.otherwise)});
  }
  return Status();
}

Status AddLimits(const CacheFlags& flags, Uri& uri) {
  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;
  const Uri& lasting = Lasting(uri);
  if (lasting.scheme == "sqlite") {
    max_entries = flags.default_max_entries.value_or(kNoLimit);
    max_bytes = flags.default_max_bytes;
  } else if (lasting.scheme == "lmdb") {
    max_bytes = LmdbBytes(lasting);
  }
  Status status = AddLimit(
      {"--max-entries", "max_entries", false, flags.max_entries, max_entries},
      uri);
  if (!status.ok()) return status;
  return AddLimit(
      {"--max-bytes", "max_bytes", true, flags.max_bytes, max_bytes}, uri);
}

}  // namespace

Result<Uri> LocationOf(const CacheFlags& flags) {
  if (!flags.uri.empty()) {
    return Named(flags, ParseCacheUri(flags.uri));
  }
  const Result<std::string> directory = OwnDirectory();
  if (!directory.ok()) return directory.status();
  Uri uri;
  uri.scheme = "sqlite";
  uri.path = *directory + "cache.db";
  return uri;
}

Result<std::unique_ptr<Cache>> OpenCache(const CacheFlags& flags,
                                         IfMissing if_missing) {
  Result<Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  return OpenLocation(*std::move(location), flags, if_missing);
}

Result<std::unique_ptr<Cache>> OpenLocation(Uri location,
                                            const CacheFlags& flags,
                                            IfMissing if_missing) {
  if (Status status = AddLimits(flags, location); !status.ok()) return status;
  const Uri& lasting = Lasting(location);
  struct stat there;
  const bool is_missing = IsInFile(lasting) &&
                          stat(FileOf(lasting).c_str(), &there) != 0 &&
                          errno == ENOENT;
  if (is_missing && flags.uri.empty()) {
    const Status made = MakePrivateDirectory(location.path);
    if (!made.ok()) return made;
  } else if (is_missing && if_missing == IfMissing::kFail) {
    return NoSuchCache(lasting.path, flags);
  }
  CacheOptions options;
  options.log = LogWarnings;
  return Named(flags, OpenUri(location, std::move(options)));
}

Result<std::unique_ptr<SqliteCache>> OpenSqliteCache(const CacheFlags& flags,
                                                     IfMissing if_missing,
                                                     const char* what) {
  Result<Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  if (location->scheme != "sqlite") {
    return Status(ErrorCode::kUnsupported, std::string(KindOf(*location)) +
                                               " cannot " + what +
                                               "; one in a SQLite file can");
  }
  auto opened = OpenLocation(*std::move(location), flags, if_missing);
  if (!opened.ok()) return opened.status();
  // Which is what sqlite: opens.
  return std::unique_ptr<SqliteCache>(
      static_cast<SqliteCache*>(opened->release()));
}

Result<std::string> OwnDirectory() {
  return UserCacheDirectory(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
}

}  // namespace appcache::command
