#include "engine/sqlite_cache.h"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "engine/lru/lru_engine.h"
#include "engine/lru/registry.h"
#include "engine/store/database.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// Longer would overflow when added to a time.
constexpr milliseconds kMaxDuration = std::chrono::hours(24 * 365);

Status CheckDuration(const char* name, milliseconds value, milliseconds least) {
  if (value >= least && value <= kMaxDuration) return Status();
  return Status(ErrorCode::kInvalidArgument,
                std::string(name) + " is " + std::to_string(value.count()) +
                    " ms; it must be from " + std::to_string(least.count()) +
                    " ms to a year");
}

// As good as no limit.
constexpr uint64_t kLargestLimit = uint64_t{1} << 62;

Status CheckAtLeastOne(const char* name, uint64_t value) {
  if (value >= 1 && value <= kLargestLimit) return Status();
  return Status(ErrorCode::kInvalidArgument, std::string(name) + " is " +
                                                 std::to_string(value) +
                                                 "; it must be from 1 to 2^62");
}

Status Validate(const SqliteCacheOptions& options) {
  if (options.cache.compressor == nullptr || options.cache.log == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the compressor or the log sink is null; leave the default, "
                  "or give one that does nothing");
  }
  Status status = CheckAtLeastOne("max_entries", options.max_entries);
  if (status.ok() && options.max_bytes) {
    status = CheckAtLeastOne("max_bytes", *options.max_bytes);
  }
  if (status.ok()) {
    status = CheckAtLeastOne("touch_flush_count", options.touch_flush_count);
  }
  if (status.ok() && !options.vfs.empty() &&
      sqlite3_vfs_find(options.vfs.c_str()) == nullptr) {
    status = Status(ErrorCode::kInvalidArgument,
                    "no SQLite VFS is registered under the name \"" +
                        options.vfs + "\"; leave vfs empty for the default");
  }
  if (status.ok()) {
    status =
        CheckDuration("busy_timeout", options.busy_timeout, milliseconds(0));
  }
  if (status.ok()) {
    status = CheckDuration("touch_flush_interval", options.touch_flush_interval,
                           milliseconds(1));
  }
  if (status.ok()) {
    status = CheckDuration("expiry_sweep_interval",
                           options.expiry_sweep_interval, milliseconds(1));
  }
  return status;
}

store::Database::Settings DatabaseSettings(const SqliteCacheOptions& options) {
  store::Database::Settings settings;
  settings.busy_timeout = options.busy_timeout;
  if (options.hash_seed) {
    settings.hash_seed = static_cast<int64_t>(*options.hash_seed);
  }
  settings.vfs = options.vfs;
  settings.log = options.cache.log;
  return settings;
}

Result<std::shared_ptr<LruEngine>> MakeEngine(
    store::Database::Opened database, const SqliteCacheOptions& options,
    const std::shared_ptr<const Clock>& default_clock) {
  if (!database.ok()) return database.status();
  LruEngine::Settings settings;
  settings.limits = {options.max_entries, options.max_bytes};
  settings.busy_timeout = options.busy_timeout;
  settings.touch_flush_interval = options.touch_flush_interval;
  settings.touch_flush_count = options.touch_flush_count;
  settings.expiry_sweep_interval = options.expiry_sweep_interval;
  settings.max_log_bytes = options.max_log_bytes;
  settings.clock = options.clock ? options.clock : default_clock;
  settings.log = options.cache.log;
  return LruEngine::Make(*std::move(database), std::move(settings));
}

// A forked child has databases of its own under the names of its parent's.
std::string NameInProcess(std::string_view name) {
  const uint64_t generation = ForkGeneration();
  return generation == 0 ? std::string(name)
                         : std::string(name) + "#" + std::to_string(generation);
}

}  // namespace

SqliteCache::SqliteCache(CacheOptions options,
                         std::shared_ptr<LruEngine> engine)
    : Cache(std::move(options)), engine_(std::move(engine)) {}

SqliteCache::Opened SqliteCache::Wrap(Result<std::shared_ptr<LruEngine>> engine,
                                      const SqliteCacheOptions& options) {
  if (!engine.ok()) return engine.status();
  try {
    return std::unique_ptr<SqliteCache>(
        new SqliteCache(options.cache, *engine));
  } catch (...) {
    (void)registry::Release(*engine).ok();
    throw;
  }
}

SqliteCache::Opened SqliteCache::OpenInMemory(const SqliteCacheOptions& options,
                                              std::string_view name) {
  try {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    const std::string in_process = NameInProcess(name);
    return Wrap(
        registry::Acquire(
            "memory:" + in_process, {options.max_entries, options.max_bytes},
            [&] {
              return MakeEngine(store::Database::OpenInMemory(
                                    in_process, DatabaseSettings(options)),
                                options, Clock::Steady());
            }),
        options);
  } catch (...) {
    return CurrentException();
  }
}

SqliteCache::Opened SqliteCache::OpenFile(const std::string& path,
                                          const SqliteCacheOptions& options) {
  try {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    if (path.empty() || path.find('\0') != std::string::npos) {
      return Status(ErrorCode::kInvalidArgument,
                    "the path of a cache file is empty or holds a NUL; use "
                    "OpenInMemory for a cache in memory");
    }
    // One name for one file, wherever the process changes directory to.
    std::error_code error;
    std::filesystem::path canonical_path =
        std::filesystem::absolute(path, error);
    if (!error) {
      canonical_path = std::filesystem::weakly_canonical(canonical_path, error);
    }
    const std::string canonical = canonical_path.string();
    if (error) {
      return Status(ErrorCode::kUnavailable,
                    "cannot open " + path + ": " + error.message(),
                    error.value());
    }
    const auto open = [&] {
      return MakeEngine(
          store::Database::OpenFile(canonical, DatabaseSettings(options)),
          options, Clock::Wall());
    };
    const auto open_or_set_aside = [&] {
      Result<std::shared_ptr<LruEngine>> engine = open();
      // What the first attempt read was damaged, and is marked as such: the
      // second sets it aside.
      if (engine.status().Is(ErrorCode::kCorrupt)) engine = open();
      return engine;
    };
    return Wrap(
        registry::Acquire(canonical, {options.max_entries, options.max_bytes},
                          open_or_set_aside),
        options);
  } catch (...) {
    return CurrentException();
  }
}

SqliteCache::Opened SqliteCache::OpenOn(sqlite3* connection,
                                        const SqliteCacheOptions& options) {
  try {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    if (connection == nullptr) {
      return Status(ErrorCode::kInvalidArgument,
                    "the connection is null; open it with sqlite3_open_v2");
    }
    return Wrap(MakeEngine(store::Database::Borrow(connection,
                                                   DatabaseSettings(options)),
                           options, Clock::Wall()),
                options);
  } catch (...) {
    return CurrentException();
  }
}

Result<sqlite3*> SqliteCache::ConnectInMemory(std::string_view name) {
  try {
    Result<store::Connection> connection = store::Database::ConnectInMemory(
        NameInProcess(name), SqliteCacheOptions().busy_timeout);
    if (!connection.ok()) return connection.status();
    return connection->Release();
  } catch (...) {
    return CurrentException();
  }
}

SqliteCache::~SqliteCache() {
  FinishLoads();
  if (engine_->in_child()) {
    // The parent's connections, locks and threads: nothing may be closed here.
    LeakInChild(std::move(engine_));
    return;
  }
  try {
    if (Status status = Close(); !status.ok()) {
      Log(LogLevel::kWarning, "closing a cache: " + status.ToString());
    }
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

Status SqliteCache::Close() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return Status();
  if (engine_->in_child()) return Status();
  try {
    return registry::Release(engine_);
  } catch (...) {
    return CurrentException();
  }
}

Status SqliteCache::CheckOpen() const {
  if (!closed_.load(std::memory_order_acquire)) return Status();
  return Status(ErrorCode::kUnavailable, "this cache has been closed");
}

// Every operation: refused once closed, and no exception leaves it.
template <class R, class Operation>
R SqliteCache::Guarded(const Operation& operation) const {
  return WithoutExceptions<R>([&]() -> R {
    Status open = CheckOpen();
    if (open.ok()) return operation(*engine_);
    if constexpr (requires { R::Failed(open); }) {
      return R::Failed(std::move(open));
    } else {
      return open;
    }
  });
}

Lookup<Bytes> SqliteCache::GetRaw(std::string_view path) {
  return Guarded<Lookup<Bytes>>(
      [&](LruEngine& engine) { return engine.Get(path); });
}

Lookup<Ttl> SqliteCache::TtlRaw(std::string_view path) {
  return Guarded<Lookup<Ttl>>(
      [&](LruEngine& engine) { return engine.GetTtl(path); });
}

Lookup<TimedBytes> SqliteCache::GetTimedRaw(std::string_view path) {
  return Guarded<Lookup<TimedBytes>>(
      [&](LruEngine& engine) { return engine.GetTimed(path); });
}

Status SqliteCache::SetRaw(std::string_view path, std::string_view value,
                           Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Result<bool> SqliteCache::AddRaw(std::string_view path, std::string_view value,
                                 Ttl ttl) {
  return Guarded<Result<bool>>([&](LruEngine& engine) {
    return engine.Add({path, value, ttl});
  });
}

Status SqliteCache::SetManyRaw(std::span<const RawEntry> entries) {
  return Guarded<Status>(
      [&](LruEngine& engine) { return engine.Set(entries); });
}

Status SqliteCache::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status SqliteCache::InvalidateManyRaw(std::span<const std::string_view> paths) {
  return Guarded<Status>(
      [&](LruEngine& engine) { return engine.Invalidate(paths); });
}

Status SqliteCache::InvalidatePrefixRaw(std::string_view path_prefix) {
  return Guarded<Status>(
      [&](LruEngine& engine) { return engine.InvalidatePrefix(path_prefix); });
}

Status SqliteCache::ClearRaw() {
  return Guarded<Status>([](LruEngine& engine) { return engine.Clear(); });
}

Status SqliteCache::Flush() {
  return Guarded<Status>([](LruEngine& engine) { return engine.Flush(); });
}

Status SqliteCache::ForEachKey(
    const std::function<bool(const EntryInfo&)>& visit) {
  return Guarded<Status>([&](LruEngine& engine) {
    return engine.ForEach(
        store::Walk::With::kKeys,
        [&](const StoredEntry& entry) { return visit(entry.info); });
  });
}

Status SqliteCache::ForEachEntry(
    const std::function<bool(const StoredEntry&)>& visit) {
  return Guarded<Status>([&](LruEngine& engine) {
    return engine.ForEach(store::Walk::With::kValues, visit);
  });
}

Status SqliteCache::RestoreMany(std::span<const StoredEntry> entries) {
  return Guarded<Status>(
      [&](LruEngine& engine) { return engine.Restore(entries); });
}

Result<CheckReport> SqliteCache::Check() {
  return Guarded<Result<CheckReport>>(
      [](LruEngine& engine) { return engine.Check(); });
}

Result<CheckReport> SqliteCache::CheckAndFix() {
  return Guarded<Result<CheckReport>>(
      [](LruEngine& engine) { return engine.CheckAndFix(); });
}

BackendTraits SqliteCache::Traits() const {
  const policy::Limits& limits = engine_->limits();
  BackendTraits traits;
  traits.name = "sqlite";
  traits.location = engine_->name();
  traits.cleared = "every entry of the database, whatever its prefix";
  traits.tells_ttl = true;
  traits.adds = true;
  traits.invalidates_prefixes = true;
  traits.max_key_bytes = kMaxKeyBytes;
  traits.max_value_bytes =
      std::min(kMaxValueBytes, limits.max_bytes.value_or(kMaxValueBytes));
  traits.is_shared = true;
  traits.is_persistent = !engine_->is_in_memory();
  const auto add = [&](const char* name, uint64_t limit) {
    traits.limits.emplace_back(
        name, limit >= kLargestLimit ? "none" : std::to_string(limit));
  };
  add("max_entries", limits.max_entries);
  add("max_bytes", limits.max_bytes.value_or(kLargestLimit));
  return traits;
}

Result<std::string> SqliteCache::Ping() {
  return Guarded<Result<std::string>>(
      [](LruEngine& engine) -> Result<std::string> {
        const Lookup<store::Counts> counts = engine.ReadCounts();
        if (counts.has_error()) return counts.status();
        return std::string("SQLite ") + sqlite3_libversion();
      });
}

CacheStats SqliteCache::RawStats() const {
  try {
    return engine_->Stats();
  } catch (const std::exception&) {
    return CacheStats();
  }
}

}  // namespace appcache
