#include "tools/command/cache/open_cache.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "appcache/lmdb_cache_options.h"
#include "engine/uri/scheme_registry.h"
#include "tools/command/cache/location.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

// The largest max_entries that SqliteCache accepts.
constexpr uint64_t kUnlimited = uint64_t{1} << 62;

// The command's own output says what it did; the cache's log repeats that.
void LogWarnings(LogLevel level, std::string_view message) {
  if (level != LogLevel::kInfo) Warn(message);
}

Status NoSuchCache(const std::string& path, const CacheFlags& flags) {
  return Status(ErrorCode::kUnavailable,
                "there is no cache at " + Quoted(path) + "; check " +
                    (flags.is_from_environment ? kCacheVariable : "--cache") +
                    ", or create one with set, exec, load or replay");
}

// Names APPCACHE_CACHE in an error about a URI that came from there.
template <class T>
Result<T> WithSource(const CacheFlags& flags, Result<T> result) {
  if (!flags.is_from_environment ||
      !result.status().Is(ErrorCode::kInvalidArgument)) {
    return result;
  }
  return Invalid(std::string(kCacheVariable) + ": " + result.error().message);
}

// The max_bytes of an LMDB directory for which the user gave none. The file has
// the size of the largest max_bytes that it was opened with. Opening it with
// less would evict entries of a service that uses more than the default.
std::optional<uint64_t> LmdbMaxBytes(const internal::Uri& uri) {
  struct stat file;
  if (stat(FileOf(uri).c_str(), &file) != 0) return std::nullopt;
  return std::clamp(static_cast<uint64_t>(file.st_size),
                    LmdbCacheOptions().max_bytes, LmdbCacheOptions::kMaxBytes);
}

// A limit on the command line, and the URI option that it stands for.
struct Limit {
  const char* flag;
  const char* option;
  bool lmdb_has_it;  // SqliteCache has all limits, a server has none
  std::optional<uint64_t> value;
  std::optional<uint64_t> default_value;
};

// What to do instead of passing `limit` for a cache that does not have it.
std::string LimitAdvice(const Limit& limit, const internal::Uri& uri) {
  if (uri.scheme == "lmdb") return "use --max-bytes";
  if (uri.scheme == "tiered") {
    return "set " + std::string(limit.option) + " in the URI of its caches";
  }
  return "configure it on the server";
}

Status AddLimit(const Limit& limit, internal::Uri& uri) {
  internal::Uri& storage = StorageOf(uri);
  const bool in_uri =
      std::any_of(storage.options.begin(), storage.options.end(),
                  [&](const internal::Uri::Option& option) {
                    return option.name == limit.option;
                  });
  if (limit.value) {
    const std::string flag(limit.flag);
    if (uri.scheme != "sqlite" &&
        !(uri.scheme == "lmdb" && limit.lmdb_has_it)) {
      return Invalid(flag + ": " + KindOf(uri) + " has no such limit; " +
                     LimitAdvice(limit, uri));
    }
    if (in_uri) {
      return Invalid(flag + ": the URI sets " + limit.option +
                     " too; remove one of the two");
    }
    uri.options.push_back({limit.option, std::to_string(*limit.value)});
  } else if (limit.default_value && !in_uri) {
    storage.options.push_back(
        {limit.option, std::to_string(*limit.default_value)});
  }
  return Status();
}

Status AddLimits(const CacheFlags& flags, internal::Uri& uri) {
  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;
  const internal::Uri& storage = StorageOf(uri);
  if (storage.scheme == "sqlite") {
    max_entries = flags.default_max_entries.value_or(kUnlimited);
    max_bytes = flags.default_max_bytes;
  } else if (storage.scheme == "lmdb") {
    max_bytes = LmdbMaxBytes(storage);
  }
  Status status = AddLimit(
      {"--max-entries", "max_entries", false, flags.max_entries, max_entries},
      uri);
  if (!status.ok()) return status;
  return AddLimit(
      {"--max-bytes", "max_bytes", true, flags.max_bytes, max_bytes}, uri);
}

}  // namespace

Result<internal::Uri> LocationOf(const CacheFlags& flags) {
  if (!flags.uri.empty()) return WithSource(flags, ParseCacheUri(flags.uri));
  const Result<std::string> directory = DefaultCacheDirectory();
  if (!directory.ok()) return directory.status();
  internal::Uri uri;
  uri.scheme = "sqlite";
  uri.path = *directory + "cache.db";
  return uri;
}

Result<std::unique_ptr<Cache>> OpenCache(const CacheFlags& flags,
                                         IfMissing if_missing) {
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  return OpenLocation(*std::move(location), flags, if_missing);
}

Result<std::unique_ptr<Cache>> OpenLocation(internal::Uri location,
                                            const CacheFlags& flags,
                                            IfMissing if_missing) {
  if (Status status = AddLimits(flags, location); !status.ok()) return status;
  const internal::Uri& storage = StorageOf(location);
  struct stat info;
  const bool is_missing = IsInFile(storage) &&
                          stat(FileOf(storage).c_str(), &info) != 0 &&
                          errno == ENOENT;
  if (flags.uri.empty()) {
    Status usable = PrepareUserCacheDirectory(
        location.path.substr(0, location.path.rfind('/') + 1));
    if (!usable.ok()) return usable;
  } else if (is_missing && if_missing == IfMissing::kFail) {
    return NoSuchCache(storage.path, flags);
  }
  CacheOptions options;
  options.log = flags.log ? flags.log : LogSink(LogWarnings);
  return WithSource(flags, internal::OpenUri(location, std::move(options)));
}

bool IsWriteRefused(const Status& status) noexcept {
  if (!status.Is(ErrorCode::kUnavailable)) return false;
  const int code = status.error().native_code;
  return code == EACCES || code == EROFS;
}

Result<std::unique_ptr<Cache>> OpenLocationToRead(internal::Uri location,
                                                  const CacheFlags& flags) {
  auto opened = OpenLocation(location, flags, IfMissing::kFail);
  if (StorageOf(location).scheme != "sqlite" ||
      !IsWriteRefused(opened.status())) {
    return opened;
  }
  return OpenLocationReadOnly(std::move(location), flags);
}

Result<std::unique_ptr<Cache>> OpenLocationReadOnly(internal::Uri location,
                                                    const CacheFlags& flags) {
  internal::Uri& storage = StorageOf(location);
  std::erase_if(storage.options, [](const internal::Uri::Option& option) {
    return option.name == "mode";
  });
  storage.options.push_back({"mode", "ro"});
  return OpenLocation(std::move(location), flags, IfMissing::kFail);
}

Result<std::unique_ptr<Cache>> OpenCacheToRead(const CacheFlags& flags) {
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  return OpenLocationToRead(*std::move(location), flags);
}

namespace {

Result<internal::Uri> SqliteLocationOf(const CacheFlags& flags,
                                       const char* what) {
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok() || location->scheme == "sqlite") return location;
  return Status(ErrorCode::kUnsupported,
                std::string(KindOf(*location)) + " cannot " + what +
                    "; this command needs a SQLite file");
}

// The opener of "sqlite" returns a SqliteCache.
Result<std::unique_ptr<SqliteCache>> ToSqliteCache(
    Result<std::unique_ptr<Cache>> opened) {
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<SqliteCache>(
      static_cast<SqliteCache*>(opened->release()));
}

}  // namespace

Result<std::unique_ptr<SqliteCache>> OpenSqliteCache(const CacheFlags& flags,
                                                     IfMissing if_missing,
                                                     const char* what) {
  Result<internal::Uri> location = SqliteLocationOf(flags, what);
  if (!location.ok()) return location.status();
  return ToSqliteCache(OpenLocation(*std::move(location), flags, if_missing));
}

Result<std::unique_ptr<SqliteCache>> OpenSqliteCacheToRead(
    const CacheFlags& flags, const char* what) {
  Result<internal::Uri> location = SqliteLocationOf(flags, what);
  if (!location.ok()) return location.status();
  return ToSqliteCache(OpenLocationToRead(*std::move(location), flags));
}

Status CheckCanList(const CacheFlags& flags, const Cache& cache) {
  if (cache.Traits().supports_walk) return Status();
  const Result<internal::Uri> location = LocationOf(flags);
  const std::string kind = location.ok() ? KindOf(*location) : "the cache";
  return Status(ErrorCode::kUnsupported,
                kind +
                    " cannot list its entries; this command needs a SQLite "
                    "file, an LMDB directory or a Redis server");
}

Result<std::string> DefaultCacheDirectory() {
  const char* const cache_home = std::getenv("XDG_CACHE_HOME");
  Result<std::string> directory =
      UserCacheDirectory(cache_home, std::getenv("HOME"));
  if (directory.ok()) return directory;
  const passwd* const user = getpwuid(geteuid());
  if (user == nullptr) return directory;
  return UserCacheDirectory(cache_home, user->pw_dir);
}

}  // namespace appcache::command
