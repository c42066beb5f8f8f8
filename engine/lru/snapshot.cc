#include "engine/lru/snapshot.h"

#include <sqlite3.h>

#include <optional>
#include <utility>
#include <vector>

#include "engine/lru/clock_shift.h"
#include "engine/lru/expiry.h"
#include "engine/lru/lru_engine.h"
#include "engine/lru/registry.h"
#include "engine/lru/stored_entry.h"
#include "engine/store/database.h"
#include "engine/store/free_pages.h"
#include "engine/store/read_only_file.h"
#include "engine/store/snapshot_file.h"

namespace appcache::lru {
namespace {

// A clock that the caller gave is that of files too.
ClockShift FromMemoryToFile(const Clock& clock) {
  return &clock == Clock::Steady().get()
             ? ClockShift::Between(clock, *Clock::Wall())
             : ClockShift();
}

ClockShift FromFileToMemory(const Clock& clock) {
  return &clock == Clock::Steady().get()
             ? ClockShift::Between(*Clock::Wall(), clock)
             : ClockShift();
}

}  // namespace

Status CopyRows(const store::Connection& source, TimePoint now,
                const ClockShift& shift, store::SnapshotFile& file,
                Status& damage) {
  store::Walk walk;
  Status status = walk.Prepare(source, store::Walk::With::kValues);
  while (status.ok() && !walk.has_ended()) {
    const Result<std::vector<store::WalkedRow>> rows = walk.Next();
    if (!rows.ok()) return rows.status();
    if (rows->empty()) continue;
    store::WriteBatch batch;
    batch.Reserve(rows->size());
    for (const store::WalkedRow& row : *rows) {
      if (HasExpired(row.expires_at_ms, now)) continue;
      batch.Put({row.h, row.key, row.value.view(),
                 shift.Expiry(row.expires_at_ms), shift.Tick(row.last_used)});
    }
    status = file.Add(batch);
  }
  damage = walk.damage();
  return status;
}

// The writer's connection is the only one: nobody may use it while this runs.
Status LruEngine::CopyLocked(store::SnapshotFile& file) {
  const Result<Held> held = database_->lane().Enter(settings_.busy_timeout);
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  if (!writer_.is_prepared()) return Closed();
  const store::Connection& connection = database_->writer();
  if (sqlite3_get_autocommit(connection.get()) == 0) {
    return Status(ErrorCode::kUnsupported,
                  "cannot take a snapshot of " + database_->name() +
                      " inside a transaction of its owner, which may still be "
                      "undone; commit it first");
  }
  store::Writer::Transaction transaction(writer_);
  Status status = transaction.BeginToRead();
  if (!status.ok()) return status;
  Status damage;
  status = CopyRows(connection, settings_.clock->Now(),
                    FromMemoryToFile(*settings_.clock), file, damage);
  (void)Noted(std::move(damage));
  return status;
}

Result<LruEngine::Copy> LruEngine::BeginCopy() {
  Copy copy;
  Result<store::Connection> reader = database_->ConnectReader();
  if (!reader.ok()) return reader.status();
  copy.reader = *std::move(reader);
  // Between two writes, so that the snapshot is of one moment for the log too.
  const Result<Held> held = EnterInPlace();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  Status status = store::StartReading(copy.reader);
  if (!status.ok()) return status;
  const Result<store::PageCounts> pages = store::CountPages(copy.reader);
  if (!pages.ok()) return pages.status();
  copy.allowance = std::make_unique<store::Checkpointer::Allowance>(
      checkpointer_, pages->all);
  copy.now = settings_.clock->Now();
  return copy;
}

Status LruEngine::FinishCopy(Copy copy, store::SnapshotFile& file) {
  Status damage;
  Status status = CopyRows(copy.reader, copy.now,
                           FromMemoryToFile(*settings_.clock), file, damage);
  (void)Noted(std::move(damage));
  return Noted(std::move(status));
}

Status LruEngine::CopyTo(store::SnapshotFile& file) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Status status = FlushAccesses();
  if (!status.ok()) return Noted(std::move(status));
  // Damage that this finds is that of the file to be replaced.
  status = file.Create(database_->hash_seed());
  if (!status.ok()) return status;
  if (!database_->has_own_readers()) return Noted(CopyLocked(file));
  Result<Copy> copy = BeginCopy();
  return copy.ok() ? FinishCopy(*std::move(copy), file) : Noted(copy.status());
}

Status LruEngine::Load(std::span<const StoredEntry> entries,
                       const std::string& source) {
  Status status = Restore(entries);
  const bool does_not_fit =
      settings_.max_database_bytes && store::IsDiskFull(status);
  if (does_not_fit && entries.size() > 1) {  // together
    for (const StoredEntry& entry : entries) {
      status = Load({&entry, 1}, source);
      if (!status.ok()) return status;
    }
    return Status();
  }
  if (!does_not_fit && !status.Is(ErrorCode::kTooLarge)) return status;
  settings_.log(LogLevel::kWarning,
                "loading " + source + " into " + database_->name() +
                    " skipped an entry: " + status.message());
  return Status();
}

Status WriteSnapshot(Engine& engine, const std::string& path) {
  const Result<std::string> canonical = CanonicalPath(path);
  if (!canonical.ok()) return canonical.status();
  const auto nothing = [] { return Status(); };
  Status status = registry::WhileClosed(*canonical, nothing);
  if (!status.ok()) return status;
  store::SnapshotFile file(*canonical, engine.vfs());
  status = engine.CopyTo(file);
  if (status.ok()) status = file.Finish();
  if (!status.ok()) return status;
  return registry::WhileClosed(*canonical, [&] { return file.Replace(); });
}

namespace {

// Adds the entries of a cache file, with their recency.
Status LoadFrom(const store::Connection& source, Engine& engine,
                const LogSink& log) {
  const ClockShift shift = FromFileToMemory(engine.clock());
  store::Walk walk;
  // Of one moment, also if the file is in use.
  Status status = store::StartReading(source);
  if (status.ok()) {
    // An eviction for want of pages comes before the put, so only the order of
    // accesses keeps the most recently used.
    status = walk.Prepare(source, engine.max_database_bytes()
                                      ? store::Walk::With::kValuesByAccess
                                      : store::Walk::With::kValues);
  }
  if (!status.ok()) return status;
  while (!walk.has_ended()) {
    Result<std::vector<store::WalkedRow>> rows = walk.Next();
    if (!rows.ok()) return rows.status();
    if (rows->empty()) continue;
    std::vector<StoredEntry> entries;
    entries.reserve(rows->size());
    for (store::WalkedRow& row : *rows) {
      entries.push_back(StoredEntryOf(std::move(row), shift));
    }
    status = engine.Load(entries, source.name());
    if (!status.ok()) return status;
  }
  const Status damage = walk.damage();
  if (!damage.ok()) log(LogLevel::kWarning, damage.message());
  return Status();
}

}  // namespace

OpenedEngine OpenEngineInMemoryFrom(const std::string& path,
                                    const SqliteCacheOptions& options,
                                    std::string_view name) {
  const Result<std::string> canonical = CanonicalPath(path);
  if (!canonical.ok()) return canonical.status();
  Status status = registry::CheckNotOpenAtFork(*canonical);
  if (!status.ok()) return status;
  return CreateEngineInMemory(options, name, [&](Engine& engine) -> Status {
    const store::FileState before = store::FileState::Of(*canonical);
    const Result<store::Connection> source =
        store::ConnectToRead(*canonical, options.vfs);
    if (!source.ok()) return source.status();
    Status loaded = LoadFrom(*source, engine, options.cache.log);
    if (!loaded.ok()) return loaded;
    return store::CheckUnchanged(*source, *canonical, before);
  });
}

}  // namespace appcache::lru
