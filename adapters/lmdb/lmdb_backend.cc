#include "adapters/lmdb/lmdb_backend.h"

#include <cassert>
#include <utility>

#include "adapters/lmdb/batch.h"
#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/files.h"
#include "adapters/lmdb/find.h"
#include "adapters/lmdb/options.h"
#include "adapters/lmdb/prefix_removal.h"
#include "adapters/lmdb/walk.h"

namespace appcache::lmdb {

using std::chrono::milliseconds;

LmdbBackend::LmdbBackend(EnvironmentRef environment,
                         std::shared_ptr<const Clock> clock,
                         milliseconds busy_timeout)
    : environment_(std::move(environment)),
      clock_(std::move(clock)),
      busy_timeout_(busy_timeout),
      traits_(TraitsOf(*environment_, busy_timeout)),
      writer_(*environment_, *clock_, busy_timeout) {}

LmdbBackend::Opened LmdbBackend::Open(const std::string& directory,
                                      const LmdbCacheOptions& options) {
  Status valid = Validate(options);
  if (!valid.ok()) return valid;
  const Result<std::string> path = MakeDirectory(directory);
  if (!path.ok()) return path.status();
  auto environment =
      AcquireEnvironment(*path, options.max_bytes, options.busy_timeout);
  if (!environment.ok()) return environment.status();
  std::shared_ptr<LmdbBackend> backend(new LmdbBackend(
      *std::move(environment), options.clock ? options.clock : Clock::Wall(),
      options.busy_timeout));
  backend->writer_.FollowClockCompletely();
  return backend;
}

Status LmdbBackend::UsedInChild() const {
  return Status(ErrorCode::kUnavailable,
                "cannot use the LMDB cache " + environment_->directory() +
                    " in a forked child: it was opened before fork(); open it "
                    "after the fork, or exec");
}

Status LmdbBackend::PathTooLong(std::string_view path) const {
  return Status(ErrorCode::kInvalidKey,
                "a key path has " + std::to_string(path.size()) +
                    " bytes; the LMDB cache " + environment_->directory() +
                    " accepts at most " +
                    std::to_string(traits_.max_key_bytes));
}

// --- Reads.

// GCC does not inline this into a get unless it is declared inline, and the get
// then takes 1 % more instructions.
template <class Visit>
inline Status LmdbBackend::Read(const Visit& visit) const {
  if (environment_->in_child()) return UsedInChild();
  return environment_->Read(busy_timeout_, [&](MDB_txn* txn) {
    visit(txn);
    return Status();
  });
}

template <class V>
void LmdbBackend::Find(MDB_txn* txn, std::string_view path, Lookup<V>& lookup,
                       bool& is_ahead) const {
  assert(!lookup.is_hit() && !lookup.has_error());
  if (path.size() > traits_.max_key_bytes) {
    lookup = Lookup<V>::Failed(PathTooLong(path));
    return;
  }
  Status status = FindRecord(txn, *environment_, *clock_, path, is_ahead,
                             [&](const Record& record, TimePoint now) {
                               lookup =
                                   Lookup<V>::Hit(RecordAs<V>(record, now));
                             });
  if (!status.ok()) lookup = Lookup<V>::Failed(std::move(status));
}

template <class V>
Lookup<V> LmdbBackend::ReadOne(std::string_view path) {
  return WithoutExceptions<Lookup<V>>([&] {
    Lookup<V> lookup = Lookup<V>::Miss();
    bool is_ahead = false;
    Status status =
        Read([&](MDB_txn* txn) { Find(txn, path, lookup, is_ahead); });
    if (is_ahead) [[unlikely]]
      writer_.FollowClock();
    if (!status.ok()) lookup = Lookup<V>::Failed(std::move(status));
    return lookup;
  });
}

template <class V>
std::vector<Lookup<V>> LmdbBackend::ReadMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<V>> found(paths.size(), Lookup<V>::Miss());
  bool is_ahead = false;
  const Status status = WithoutExceptions<Status>([&] {
    return Read([&](MDB_txn* txn) {
      for (size_t i = 0; i < paths.size(); ++i) {
        Find(txn, paths[i], found[i], is_ahead);
      }
    });
  });
  if (is_ahead) writer_.FollowClock();
  if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
  for (const Lookup<V>& lookup : found) counters_.CountRead(lookup);
  return found;
}

Lookup<Bytes> LmdbBackend::GetRaw(std::string_view path) {
  Lookup<Bytes> found = ReadOne<Bytes>(path);
  counters_.CountRead(found);
  return found;
}

Lookup<TimedBytes> LmdbBackend::GetTimedRaw(std::string_view path) {
  Lookup<TimedBytes> found = ReadOne<TimedBytes>(path);
  counters_.CountRead(found);
  return found;
}

Lookup<Ttl> LmdbBackend::TtlRaw(std::string_view path) {
  return ReadOne<Ttl>(path);
}

std::vector<Lookup<Bytes>> LmdbBackend::GetManyRaw(
    std::span<const std::string_view> paths) {
  return ReadMany<Bytes>(paths);
}

std::vector<Lookup<TimedBytes>> LmdbBackend::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return ReadMany<TimedBytes>(paths);
}

Status LmdbBackend::WalkRaw(const WalkOptions& options, WalkVisitor visit) {
  return WithoutExceptions<Status>([&] {
    Status usable = CheckUsable();
    if (usable.ok()) usable = CheckPath(options.path_prefix);
    if (!usable.ok()) return usable;
    bool is_ahead = false;
    // The visitor may fork. In the child the walk ends when it returns, before
    // the next step uses the parent's read transactions.
    const auto visit_in_parent = [&](const WalkedEntry& entry) {
      return visit(entry) && !environment_->in_child();
    };
    Status status = WalkEntries(*environment_, *clock_, busy_timeout_, options,
                                visit_in_parent, is_ahead);
    if (environment_->in_child()) return UsedInChild();
    if (is_ahead) writer_.FollowClock();
    return status;
  });
}

Result<std::string> LmdbBackend::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    Status status = Read([](MDB_txn*) {});
    if (!status.ok()) return status;
    int version[3];
    mdb_version(&version[0], &version[1], &version[2]);
    return "LMDB " + std::to_string(version[0]) + "." +
           std::to_string(version[1]) + "." + std::to_string(version[2]);
  });
}

// --- Writes.

Status LmdbBackend::SetRaw(std::string_view path, std::string_view value,
                           Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status LmdbBackend::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t stored = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = CheckUsable();
    for (const RawEntry& entry : entries) {
      if (usable.ok()) usable = CheckPath(entry.path);
    }
    return usable.ok() ? SetEntries(writer_, entries, stored) : usable;
  });
  counters_.CountSets(stored, entries.size() - stored);
  return status;
}

Result<bool> LmdbBackend::AddRaw(std::string_view path, std::string_view value,
                                 Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    Status usable = CheckUsable();
    if (usable.ok()) usable = CheckPath(path);
    if (!usable.ok()) return usable;
    return AddEntry(writer_, {path, value, ttl});
  });
  counters_.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Result<bool> LmdbBackend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    Status usable = CheckUsable();
    if (usable.ok()) usable = CheckPath(path);
    if (!usable.ok()) return usable;
    return SetTtlOf(writer_, path, ttl);
  });
}

Status LmdbBackend::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status LmdbBackend::InvalidateManyRaw(std::span<const std::string_view> paths) {
  uint64_t done = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = CheckUsable();
    for (const std::string_view path : paths) {
      if (usable.ok()) usable = CheckPath(path);
    }
    return usable.ok() ? RemoveEntries(writer_, paths, done) : usable;
  });
  counters_.CountInvalidations(done, paths.size() - done);
  return status;
}

Status LmdbBackend::InvalidatePrefixRaw(std::string_view path_prefix) {
  uint64_t removed = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = CheckUsable();
    if (usable.ok()) usable = CheckPath(path_prefix);
    return usable.ok() ? RemovePrefix(writer_, path_prefix, removed) : usable;
  });
  counters_.CountInvalidations(removed, status.ok() ? 0 : 1);
  return status;
}

Status LmdbBackend::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    Status usable = CheckUsable();
    if (!usable.ok()) return usable;
    return writer_.Apply(
        {0, [](Entries& table, TimePoint) { return table.Clear(); }});
  });
}

// --- Statistics.

CacheStats LmdbBackend::Stats() const {
  CacheStats stats = counters_.Stats();
  const RemovalCounters& removals = writer_.removals();
  stats.evictions = removals.evictions.load(std::memory_order_relaxed);
  stats.expirations = removals.expirations.load(std::memory_order_relaxed);
  // On failure `entries` stays empty.
  (void)WithoutExceptions<Status>([&] {
    return Read([&](MDB_txn* txn) {
      uint64_t count = 0;
      const Entries table(txn, environment_->tables());
      if (table.Count(count) == 0) stats.entries = count;
    });
  });
  return stats;
}

}  // namespace appcache::lmdb
