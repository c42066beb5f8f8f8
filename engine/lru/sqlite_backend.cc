#include "engine/lru/sqlite_backend.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <exception>
#include <utility>

#include "engine/lru/limits.h"
#include "engine/lru/open.h"
#include "engine/lru/registry.h"
#include "engine/lru/snapshot.h"
#include "engine/support/fork_guard.h"

namespace appcache::lru {

SqliteBackend::SqliteBackend(std::shared_ptr<Engine> engine, const LogSink& log)
    : engine_(std::move(engine)), log_(log) {
  assert(engine_ != nullptr);
}

std::shared_ptr<SqliteBackend> SqliteBackend::Make(
    std::shared_ptr<Engine> engine, const LogSink& log) {
  std::unique_ptr<SqliteBackend> backend;
  try {
    backend.reset(new SqliteBackend(engine, log));
  } catch (...) {
    (void)registry::Release(engine).ok();
    throw;
  }
  return backend;  // releases the engine if this throws
}

SqliteBackend::~SqliteBackend() {
  if (engine_->in_child()) {
    // Connections, locks and threads are the parent's: close nothing here.
    internal::LeakInChild(std::move(engine_));
    return;
  }
  Status status = Close();
  if (status.Is(ErrorCode::kInvalidArgument)) {  // inside a visitor
    if (registry::ReleaseUnlessLast(engine_)) return;
    // Nobody can close it any more, and the visitor still reads.
    internal::LeakInChild(engine_);
  }
  if (status.ok()) return;
  try {
    log_(LogLevel::kWarning, "cannot close a cache: " + status.ToString());
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

Status SqliteBackend::Close() {
  if (closed_.load(std::memory_order_acquire)) return Status();
  Status status =
      WithoutExceptions<Status>([&] { return engine_->CheckNotReading(); });
  if (!status.ok()) return status;
  if (closed_.exchange(true, std::memory_order_acq_rel)) return Status();
  if (engine_->in_child()) return Status();
  return WithoutExceptions<Status>([&] { return registry::Release(engine_); });
}

template <class R, class Operation>
R SqliteBackend::Guarded(const Operation& operation) const noexcept {
  return WithoutExceptions<R>([&]() -> R {
    if (!closed_.load(std::memory_order_acquire)) [[likely]] {
      return operation(*engine_);
    }
    Status closed(ErrorCode::kUnavailable, "this cache has been closed");
    if constexpr (requires { R::Failed(closed); }) {
      return R::Failed(std::move(closed));
    } else {
      return closed;
    }
  });
}

Lookup<Bytes> SqliteBackend::GetRaw(std::string_view path) {
  return Guarded<Lookup<Bytes>>(
      [&](Engine& engine) { return engine.Get(path); });
}

Lookup<size_t> SqliteBackend::ViewRaw(std::string_view path,
                                      ValueVisitor visitor) {
  return Guarded<Lookup<size_t>>(
      [&](Engine& engine) { return engine.View(path, visitor); });
}

Lookup<TimedBytes> SqliteBackend::GetTimedRaw(std::string_view path) {
  return Guarded<Lookup<TimedBytes>>(
      [&](Engine& engine) { return engine.GetTimed(path); });
}

Lookup<Ttl> SqliteBackend::TtlRaw(std::string_view path) {
  return Guarded<Lookup<Ttl>>(
      [&](Engine& engine) { return engine.GetTtl(path); });
}

Status SqliteBackend::SetRaw(std::string_view path, std::string_view value,
                             Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status SqliteBackend::TrySetRaw(std::string_view path, std::string_view value,
                                Ttl ttl) {
  return Guarded<Status>([&](Engine& engine) {
    return engine.TrySet({path, value, ttl});
  });
}

Status SqliteBackend::SetManyRaw(std::span<const RawEntry> entries) {
  return Guarded<Status>([&](Engine& engine) { return engine.Set(entries); });
}

Result<bool> SqliteBackend::AddRaw(std::string_view path,
                                   std::string_view value, Ttl ttl) {
  return Guarded<Result<bool>>([&](Engine& engine) {
    return engine.Add({path, value, ttl});
  });
}

Result<bool> SqliteBackend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return Guarded<Result<bool>>(
      [&](Engine& engine) { return engine.SetTtl(path, ttl); });
}

Status SqliteBackend::WalkRaw(const WalkOptions& options, WalkVisitor visit) {
  return Guarded<Status>([&](Engine& engine) {
    return engine.ForEach(
        options.with_values ? store::Walk::With::kValues
                            : store::Walk::With::kKeys,
        options.path_prefix, [&](const StoredEntry& entry) {
          const EntryInfo& info = entry.info;
          const uint64_t key_bytes = info.path.size();
          return visit({info.path, entry.value.view(),
                        info.bytes - std::min(info.bytes, key_bytes),
                        info.expires_at, info.last_used});
        });
  });
}

Status SqliteBackend::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status SqliteBackend::InvalidateManyRaw(
    std::span<const std::string_view> paths) {
  return Guarded<Status>(
      [&](Engine& engine) { return engine.Invalidate(paths); });
}

Status SqliteBackend::InvalidatePrefixRaw(std::string_view path_prefix) {
  return Guarded<Status>(
      [&](Engine& engine) { return engine.InvalidatePrefix(path_prefix); });
}

Status SqliteBackend::ClearRaw() {
  return Guarded<Status>([](Engine& engine) { return engine.Clear(); });
}

Status SqliteBackend::Flush() {
  return Guarded<Status>([](Engine& engine) { return engine.Flush(); });
}

Status SqliteBackend::ForEachKey(FunctionRef<bool(const EntryInfo&)> visit) {
  return Guarded<Status>([&](Engine& engine) {
    return engine.ForEach(
        store::Walk::With::kKeys, {},
        [&](const StoredEntry& entry) { return visit(entry.info); });
  });
}

Status SqliteBackend::ForEachEntry(
    FunctionRef<bool(const StoredEntry&)> visit) {
  return Guarded<Status>([&](Engine& engine) {
    return engine.ForEach(store::Walk::With::kValues, {}, visit);
  });
}

Status SqliteBackend::RestoreMany(std::span<const StoredEntry> entries) {
  return Guarded<Status>(
      [&](Engine& engine) { return engine.Restore(entries); });
}

Status SqliteBackend::Snapshot(const std::string& path) {
  return Guarded<Status>(
      [&](Engine& engine) { return WriteSnapshot(engine, path); });
}

Result<CheckReport> SqliteBackend::Check() {
  return Guarded<Result<CheckReport>>(
      [](Engine& engine) { return engine.Check(); });
}

Result<CheckReport> SqliteBackend::CheckAndFix() {
  return Guarded<Result<CheckReport>>(
      [](Engine& engine) { return engine.CheckAndFix(); });
}

BackendTraits SqliteBackend::Traits() const {
  const policy::Limits& limits = engine_->limits();
  BackendTraits traits;
  traits.name = "sqlite";
  traits.location = engine_->name();
  traits.cleared = "every entry of the database, whatever its prefix";
  traits.supports_ttl_query = true;
  traits.supports_add = true;
  traits.supports_prefix_invalidation = true;
  traits.supports_walk = true;
  traits.max_key_bytes = kMaxKeyBytes;
  // max_bytes is the limit of a path and its value together.
  const uint64_t max_bytes = limits.max_bytes.value_or(kLargestLimit);
  traits.max_value_bytes =
      std::min(kMaxValueBytes, std::max<uint64_t>(max_bytes, 1) - 1);
  traits.is_shared = true;
  traits.is_persistent = engine_->is_persistent();
  const auto add = [&](const char* name, uint64_t limit) {
    traits.limits.emplace_back(
        name, limit >= kLargestLimit ? "none" : std::to_string(limit));
  };
  add("max_entries", limits.max_entries);
  add("max_bytes", limits.max_bytes.value_or(kLargestLimit));
  if (const auto max_database_bytes = engine_->max_database_bytes()) {
    add("max_database_bytes", *max_database_bytes);
  }
  if (const auto window = engine_->write_window()) {
    traits.limits.emplace_back(
        "write_behind_interval",
        std::to_string(window->interval.count()) + " ms");
    add("write_behind_bytes", window->bytes);
  }
  return traits;
}

Result<std::string> SqliteBackend::Ping() {
  return Guarded<Result<std::string>>(
      [](Engine& engine) -> Result<std::string> {
        Status answered = engine.Ping();
        if (!answered.ok()) return answered;
        return std::string("SQLite ") + sqlite3_libversion();
      });
}

CacheStats SqliteBackend::Stats() const {
  try {
    return engine_->Stats();
  } catch (const std::exception&) {
    return CacheStats();
  }
}

}  // namespace appcache::lru
