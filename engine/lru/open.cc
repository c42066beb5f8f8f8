// Opening the engine of a database: checks the options, finds the engine that
// is open already, or makes one.

#include "engine/lru/open.h"

#include <sqlite3.h>

#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "engine/lru/file_engine.h"
#include "engine/lru/lru_engine.h"
#include "engine/lru/read_only_engine.h"
#include "engine/lru/registry.h"
#include "engine/lru/resident_engine.h"
#include "engine/store/database.h"
#include "engine/store/size_limit.h"
#include "engine/support/fork_guard.h"
#include "engine/support/option_check.h"
#include "engine/support/side_file.h"

namespace appcache::lru {
namespace {

using internal::CheckDuration;
using internal::CheckRange;
using std::chrono::milliseconds;

// Smaller ones would write through what most programs cache.
constexpr uint64_t kMinWindowBytes = uint64_t{64} << 10;

// Longer durations would overflow when added to a time.
constexpr milliseconds kMaxDuration = std::chrono::hours(24 * 365);

Status CheckVfs(const std::string& vfs) {
  if (vfs.empty() || sqlite3_vfs_find(vfs.c_str()) != nullptr) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "no SQLite VFS is registered under the name \"" + vfs +
                    "\"; leave vfs empty for the default");
}

Status CheckLimits(const SqliteCacheOptions& options) {
  const std::pair<const char*, uint64_t> limits[] = {
      {"max_entries", options.max_entries},
      {"max_bytes", options.max_bytes.value_or(1)},
      {"touch_flush_count", options.touch_flush_count},
      {"max_log_bytes", options.max_log_bytes},
  };
  for (const auto& [name, value] : limits) {
    Status status = CheckRange(name, value, 1, kLargestLimit);
    if (!status.ok()) return status;
  }
  Status status =
      CheckRange("resident_bytes", options.resident_bytes, 0, kLargestLimit);
  if (status.ok()) {
    status = CheckRange("write_behind_bytes", options.write_behind_bytes,
                        kMinWindowBytes, kLargestLimit);
  }
  if (!status.ok() || !options.max_database_bytes) return status;
  return CheckRange("max_database_bytes", *options.max_database_bytes,
                    store::SizeLimit::kMinBytes, kLargestLimit);
}

Status CheckOptions(const SqliteCacheOptions& options) {
  Status status = Validate(options.cache);
  if (status.ok()) status = CheckLimits(options);
  if (status.ok()) status = CheckVfs(options.vfs);
  if (status.ok()) {
    status = CheckDuration("busy_timeout", options.busy_timeout,
                           milliseconds(0), kMaxDuration);
  }
  if (status.ok()) {
    status = CheckDuration("touch_flush_interval", options.touch_flush_interval,
                           milliseconds(1), kMaxDuration);
  }
  if (status.ok()) {
    status =
        CheckDuration("write_behind_interval", options.write_behind_interval,
                      milliseconds(1), kMaxDuration);
  }
  if (status.ok()) {
    status =
        CheckDuration("expiry_sweep_interval", options.expiry_sweep_interval,
                      milliseconds(1), kMaxDuration);
  }
  return status;
}

store::DatabaseSettings DatabaseSettingsOf(const SqliteCacheOptions& options) {
  store::DatabaseSettings settings;
  settings.busy_timeout = options.busy_timeout;
  if (options.hash_seed) {
    settings.hash_seed = static_cast<int64_t>(*options.hash_seed);
  }
  settings.vfs = options.vfs;
  settings.log = options.cache.log;
  return settings;
}

WriteWindow WindowOf(const SqliteCacheOptions& options) noexcept {
  return {options.write_behind_interval, options.write_behind_bytes};
}

LruEngine::Settings SettingsOf(const SqliteCacheOptions& options,
                               const std::shared_ptr<const Clock>& clock) {
  LruEngine::Settings settings;
  settings.limits = {options.max_entries, options.max_bytes};
  settings.busy_timeout = options.busy_timeout;
  settings.touch_flush_interval = options.touch_flush_interval;
  settings.touch_flush_count = options.touch_flush_count;
  settings.expiry_sweep_interval = options.expiry_sweep_interval;
  settings.max_database_bytes = options.max_database_bytes;
  settings.max_log_bytes = options.max_log_bytes;
  settings.clock = options.clock ? options.clock : clock;
  settings.vfs = options.vfs;
  settings.log = options.cache.log;
  return settings;
}

template <class E>
OpenedEngine ToEngine(Result<std::shared_ptr<E>> engine) {
  if (!engine.ok()) return engine.status();
  return std::shared_ptr<Engine>(*std::move(engine));
}

// An engine on the database alone.
Result<std::shared_ptr<LruEngine>> MakeLruEngine(
    store::OpenedDatabase database, const SqliteCacheOptions& options,
    const std::shared_ptr<const Clock>& default_clock) {
  if (!database.ok()) return database.status();
  return LruEngine::Make(*std::move(database),
                         SettingsOf(options, default_clock));
}

// One that answers from memory. What max_database_bytes refuses, a set must
// report, so a database with that limit is written through.
OpenedEngine MakeResidentEngine(store::OpenedDatabase database,
                                const SqliteCacheOptions& options) {
  if (options.max_database_bytes) {
    return ToEngine(
        MakeLruEngine(std::move(database), options, Clock::Steady()));
  }
  if (!database.ok()) return database.status();
  LruEngine::Settings storage_settings = SettingsOf(options, Clock::Steady());
  // The directory keeps the limits.
  storage_settings.limits = {kLargestLimit, std::nullopt};
  Result<std::shared_ptr<LruEngine>> storage =
      LruEngine::MakeStorage(*std::move(database), storage_settings);
  if (!storage.ok()) return storage.status();
  ResidentEngine::Settings settings;
  settings.limits = {options.max_entries, options.max_bytes};
  settings.window = WindowOf(options);
  settings.busy_timeout = options.busy_timeout;
  settings.touch_flush_interval = options.touch_flush_interval;
  settings.expiry_sweep_interval = options.expiry_sweep_interval;
  settings.resident_bytes = options.resident_bytes;
  settings.clock = storage_settings.clock;
  settings.log = options.cache.log;
  return ToEngine(
      ResidentEngine::Make(*std::move(storage), std::move(settings)));
}

// The registry's name of a database in memory. A forked child has databases of
// its own under the names of its parent's.
std::string MemoryKey(std::string_view name) {
  const uint64_t generation = internal::ForkGeneration();
  const std::string key = "memory:" + std::string(name);
  return generation == 0 ? key : key + "#" + std::to_string(generation);
}

registry::SharedOptions SharedOf(const SqliteCacheOptions& options) {
  return {{options.max_entries, options.max_bytes},
          options.max_database_bytes,
          std::nullopt};
}

registry::SharedOptions SharedInMemory(const SqliteCacheOptions& options) {
  registry::SharedOptions shared = SharedOf(options);
  shared.window = WindowOf(options);
  return shared;
}

// Replaces a symbolic link by its target, also if the target does not exist
// yet: weakly_canonical would keep the name of such a link, and the file would
// have two names once it is created.
std::filesystem::path FollowLinks(std::filesystem::path path,
                                  std::error_code& error) {
  constexpr int kMostLinks = 40;  // as Linux
  for (int links = 0; links <= kMostLinks; ++links) {
    std::error_code missing;
    if (!std::filesystem::is_symlink(path, missing)) return path;
    if (!internal::MayFollowAt(path)) {
      error = std::make_error_code(std::errc::permission_denied);
      return path;
    }
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = path.parent_path() / target;  // the target alone if it is absolute
  }
  error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
  return path;
}

}  // namespace

Result<std::string> CanonicalPath(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Status(ErrorCode::kInvalidArgument,
                  "the path of a cache file is empty or contains a NUL; use "
                  "OpenInMemory for a cache in memory");
  }
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) absolute = FollowLinks(std::move(absolute), error);
  if (!error) absolute = std::filesystem::weakly_canonical(absolute, error);
  if (!error) return absolute.string();
  return Status(ErrorCode::kUnavailable,
                "cannot open " + path + ": " + error.message(), error.value());
}

OpenedEngine OpenEngineInMemory(const SqliteCacheOptions& options,
                                std::string_view name) {
  if (Status valid = CheckOptions(options); !valid.ok()) return valid;
  return registry::Acquire(
      MemoryKey(name), SharedInMemory(options), options.busy_timeout, [&] {
        return MakeResidentEngine(
            store::OpenInMemory(std::string(name), DatabaseSettingsOf(options)),
            options);
      });
}

OpenedEngine CreateEngineInMemory(const SqliteCacheOptions& options,
                                  std::string_view name, const Fill& fill) {
  if (Status valid = CheckOptions(options); !valid.ok()) return valid;
  return registry::AcquireNew(
      MemoryKey(name), SharedInMemory(options), options.busy_timeout, [&] {
        OpenedEngine engine = MakeResidentEngine(
            store::CreateInMemory(std::string(name),
                                  DatabaseSettingsOf(options)),
            options);
        if (!engine.ok()) return engine;
        Status filled = fill(**engine);
        return filled.ok() ? std::move(engine)
                           : OpenedEngine(std::move(filled));
      });
}

OpenedEngine OpenEngineOfFile(const SqliteCacheOptions& options,
                              const std::string& path) {
  if (Status valid = CheckOptions(options); !valid.ok()) return valid;
  const Result<std::string> canonical = CanonicalPath(path);
  if (!canonical.ok()) return canonical.status();
  // Called again, with copies of these, when the file was removed.
  const auto open = [options, path = *canonical] {
    const auto try_open = [&] {
      return MakeLruEngine(store::OpenFile(path, DatabaseSettingsOf(options)),
                           options, Clock::Wall());
    };
    Result<std::shared_ptr<LruEngine>> engine = try_open();
    // The first attempt has read damaged pages and marked the file as suspect;
    // the second sets it aside.
    if (engine.status().Is(ErrorCode::kCorrupt)) engine = try_open();
    return engine;
  };
  return registry::Acquire(
      *canonical, SharedOf(options), options.busy_timeout, [&] {
        return ToEngine(
            FileEngine::Open(open, options.busy_timeout, options.cache.log));
      });
}

OpenedEngine OpenEngineToRead(const SqliteCacheOptions& options,
                              const std::string& path) {
  if (Status valid = CheckOptions(options); !valid.ok()) return valid;
  const Result<std::string> canonical = CanonicalPath(path);
  if (!canonical.ok()) return canonical.status();
  Status status = registry::CheckNotOpenAtFork(*canonical);
  if (!status.ok()) return status;
  ReadOnlyEngine::Settings settings;
  settings.busy_timeout = options.busy_timeout;
  settings.clock = options.clock ? options.clock : Clock::Wall();
  settings.vfs = options.vfs;
  return ToEngine(ReadOnlyEngine::Open(*canonical, std::move(settings)));
}

OpenedEngine OpenEngineOn(const SqliteCacheOptions& options,
                          sqlite3* connection) {
  if (Status valid = CheckOptions(options); !valid.ok()) return valid;
  if (connection == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the connection is null; open it with sqlite3_open_v2");
  }
  if (options.max_database_bytes) {
    return Status(ErrorCode::kInvalidArgument,
                  "max_database_bytes does not apply to a connection of the "
                  "caller's; run PRAGMA max_page_count on it instead");
  }
  return ToEngine(
      MakeLruEngine(store::Borrow(connection, DatabaseSettingsOf(options)),
                    options, Clock::Wall()));
}

Result<sqlite3*> ConnectInMemory(std::string_view name) {
  Result<store::Connection> connection = store::ConnectInMemory(
      std::string(name), SqliteCacheOptions().busy_timeout);
  if (!connection.ok()) return connection.status();
  return connection->Release();
}

}  // namespace appcache::lru
