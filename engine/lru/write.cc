// The writes of LruEngine.

#include <algorithm>
#include <string>
#include <utility>

#include "engine/lru/expiry.h"
#include "engine/lru/hooks.h"
#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

// The most pending accesses of removed entries. Only a flush finds out that an
// entry is gone.
constexpr uint64_t kMaxStaleAccesses = 4096;

// Evictions in one transaction of EvictToLimits: the writer lock is held for
// some milliseconds, and the log stays small.
constexpr uint64_t kEvictionsPerBatch = 1024;

}  // namespace

Status LruEngine::EvictingHooks::EvictTo(const policy::Limits& limits,
                                         uint64_t most,
                                         policy::EvictionTarget& target,
                                         policy::Evicted& evicted) {
  if (!policy::IsOver(limits, target.counts())) return Status();
  // Those of a borrowed connection were collected before the transaction.
  if (engine_.database_->has_own_readers()) {
    engine_.sessions_->CollectAccesses();
  }
  return policy::EvictToFit(target, engine_.pending_, limits, ExpiryClock(now_),
                            most, evicted);
}

Status LruEngine::EvictingHooks::Evict(policy::EvictionTarget& target,
                                       policy::Evicted& evicted) {
  return EvictTo(engine_.settings_.limits, most_, target, evicted);
}

Result<LruEngine::Held> LruEngine::EnterInPlace() {
  Result<Held> held = database_->lane().Enter(settings_.busy_timeout);
  if (!held.ok()) return held;
  held->AssertHolds(database_->lane());
  // Checked here, because another thread may have closed the cache while this
  // one waited.
  if (!writer_.is_prepared()) return Closed();
  if (!IsInPlace()) return database_->CheckInPlace();
  return held;
}

Result<LruEngine::Held> LruEngine::EnterToWrite() {
  Result<Held> held = EnterInPlace();
  if (!held.ok()) return held;
  held->AssertHolds(database_->lane());
  Status status = checkpointer_.MakeRoom();
  if (!status.ok()) return status;
  return held;
}

void LruEngine::CountWriteErrors(uint64_t entries) noexcept {
  if (!is_open()) return;
  write_errors_.fetch_add(entries, std::memory_order_relaxed);
}

Status LruEngine::ApplyLocked(const store::WriteBatch& batch, Hooks& hooks,
                              store::WriteResult& result) {
  // A transaction holds the mutex of a borrowed connection, for which a thread
  // that ends may wait while it holds Sessions::mutex_. So accesses are
  // collected before it. None is missed: while the writer lock is held, nobody
  // reads from a borrowed connection.
  if (!database_->has_own_readers()) sessions_->CollectAccesses();
  Status status = size_limit_.Restore();
  if (!status.ok()) return status;
  FollowClockBeforeWrite();
  status = writer_.Apply(batch, hooks, result);
  bool is_refused = false;
  if (size_limit_.IsReachedBy(status)) {
    status =
        ApplyAtSizeLimit(batch, hooks, std::move(status), result, is_refused);
  }
  if (store::IsDiskFull(status) && !is_refused && database_->covers_pages()) {
    status = ApplyOnFullDisk(batch, hooks, std::move(status), result);
  }
  if (!status.ok()) return status;
  Count(result);
  NoteSize(result.counts.bytes);
  checkpointer_.AfterCommit();
  return Status();
}

// The log starts over, in the space that it has. If that is not enough, a batch
// that puts gets the space of the log, which it may need for the database; and
// one that only removes or evicts gets the reserve, for the log. Accesses can
// wait until there is room.
Status LruEngine::ApplyOnFullDisk(const store::WriteBatch& batch, Hooks& hooks,
                                  Status full, store::WriteResult& result) {
  checkpointer_.Restart();
  result = store::WriteResult();
  Status status = writer_.Apply(batch, hooks, result);
  if (!store::IsDiskFull(status)) return status;
  if (batch.puts()) {
    (void)checkpointer_.Finish();
  } else if (batch.accesses().empty()) {
    database_->lane().FreeReserve();
    if (maintenance_ != nullptr) {
      maintenance_->Arm(settings_.clock->Now() +
                        settings_.expiry_sweep_interval);
    }
  } else {
    return full;
  }
  result = store::WriteResult();
  status = writer_.Apply(batch, hooks, result);
  return store::IsDiskFull(status) ? full : status;
}

Status LruEngine::Apply(const store::WriteBatch& batch, Hooks& hooks,
                        store::WriteResult& result) {
  const Result<Held> held = EnterToWrite();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  internal::TestPoint("write.locked");
  return ApplyLocked(batch, hooks, result);
}

Status LruEngine::Write(const store::WriteBatch& batch) {
  store::WriteResult result;
  Hooks hooks(*this, TimePoint());
  return Noted(Apply(batch, hooks, result));
}

void LruEngine::Count(const store::WriteResult& result) noexcept {
  const policy::Evicted& evicted = result.evicted;
  evictions_.fetch_add(evicted.evictions, std::memory_order_relaxed);
  expirations_.fetch_add(evicted.expirations, std::memory_order_relaxed);
  // A write that may be undone leaves its accesses pending.
  if (result.may_be_undone) return;
  pending_.RemoveWritten(evicted.written);
  pending_.RemoveEntries(evicted.removed);
  pending_.RemoveEntries(result.removed);
}

bool LruEngine::TooManyPending() const {
  return pending_.size() > settings_.limits.max_entries + kMaxStaleAccesses;
}

Status LruEngine::PrepareWrite() {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  return TooManyPending() ? FlushAccesses() : Status();
}

Status LruEngine::EvictToLimits(TimePoint now) {
  uint64_t most = kEvictionsPerBatch;
  for (;;) {
    store::WriteResult result;
    EvictingHooks hooks(*this, now, most);
    Status status = Apply(store::WriteBatch(), hooks, result);
    if (store::IsDiskFull(status) && most > kRowsOnFullDisk) {
      most = kRowsOnFullDisk;
      continue;
    }
    if (!status.ok() || !policy::IsOver(settings_.limits, result.counts)) {
      return status;
    }
  }
}

void LruEngine::AddPut(const store::Row& row, store::WriteBatch& batch,
                       TooLarge& too_large) const {
  Status fits = CheckEntrySize(settings_.limits, row.key, row.value,
                               "the key is now empty");
  if (fits.ok()) {
    batch.Put(row);
    return;
  }
  if (too_large.entries++ == 0) too_large.status = std::move(fits);
  batch.RemoveKey(row.h, row.key);
}

void LruEngine::NoteSets(std::span<const RawEntry> entries, TimePoint now,
                         int64_t stored) noexcept {
  if (reads_ == nullptr) return;
  reads_->FitTo(static_cast<uint64_t>(std::max<int64_t>(stored, 0)));
  for (const RawEntry& entry : entries) {
    reads_->NoteSet(Hash(entry.path), ExpiryOf(entry.ttl, now));
  }
}

Status LruEngine::Set(std::span<const RawEntry> entries) {
  for (const RawEntry& entry : entries) {
    if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  int64_t first_expiry = 0;
  TooLarge too_large;
  store::WriteBatch batch;
  batch.Reserve(entries.size());
  for (const RawEntry& entry : entries) {
    const int64_t expires_at = ExpiryOf(entry.ttl, now);
    if (expires_at != 0 && (first_expiry == 0 || expires_at < first_expiry)) {
      first_expiry = expires_at;
    }
    AddPut({Hash(entry.path), entry.path, entry.value, expires_at}, batch,
           too_large);
  }
  store::WriteResult result;
  PuttingHooks hooks(*this, now, batch);
  Status status = PrepareWrite();
  if (status.ok()) status = Apply(batch, hooks, result);
  if (status.ok()) NoteSets(entries, now, result.counts.entries);
  if (status.ok() && first_expiry != 0) ArmSweep(now, first_expiry);
  const uint64_t failed = status.ok() ? too_large.entries : entries.size();
  sets_.fetch_add(entries.size() - failed, std::memory_order_relaxed);
  CountWriteErrors(failed);
  return status.ok() ? too_large.status : Noted(std::move(status));
}

Result<bool> LruEngine::Add(const RawEntry& entry) {
  if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  store::Row row{Hash(entry.path), entry.path, entry.value};
  TimePoint now;
  store::WriteResult result;
  Status status = CheckEntrySize(settings_.limits, row.key, row.value,
                                 "nothing was changed");
  if (status.ok()) status = PrepareWrite();
  if (status.ok()) {
    const Result<Held> held = EnterToWrite();
    status = held.status();
    if (held.ok()) {
      held->AssertHolds(database_->lane());
      // The time after the wait for other writers, who may have added it.
      now = settings_.clock->Now();
      row.expires_at_ms = ExpiryOf(entry.ttl, now);
      store::WriteBatch batch;
      batch.PutIfAbsent(row, ExpiryClock(now));
      PuttingHooks hooks(*this, now, batch);
      status = ApplyLocked(batch, hooks, result);
    }
  }
  if (!status.ok()) {
    CountWriteErrors(1);
    return Noted(std::move(status));
  }
  if (!result.added) return false;
  NoteSets({&entry, 1}, now, result.counts.entries);
  sets_.fetch_add(1, std::memory_order_relaxed);
  if (row.expires_at_ms != 0) ArmSweep(now, row.expires_at_ms);
  return true;
}

Result<bool> LruEngine::SetTtl(std::string_view path, Ttl ttl) {
  if (Status valid = CheckPath(path); !valid.ok()) return valid;
  TimePoint now;
  int64_t expires_at = 0;
  store::WriteResult result;
  Status status = PrepareWrite();
  if (status.ok()) {
    const Result<Held> held = EnterToWrite();
    status = held.status();
    if (held.ok()) {
      held->AssertHolds(database_->lane());
      now = settings_.clock->Now();
      expires_at = ExpiryOf(ttl, now);
      store::WriteBatch batch;
      batch.SetExpiry(Hash(path), path, expires_at, ExpiryClock(now));
      Hooks hooks(*this, now);
      status = ApplyLocked(batch, hooks, result);
    }
  }
  if (!status.ok()) {
    CountWriteErrors(1);
    return Noted(std::move(status));
  }
  if (result.found && expires_at != 0) ArmSweep(now, expires_at);
  return result.found;
}

Status LruEngine::Restore(std::span<const StoredEntry> entries) {
  for (const StoredEntry& entry : entries) {
    if (Status valid = CheckPath(entry.info.path); !valid.ok()) return valid;
    if (Status valid = CheckTimes(entry.info); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  TooLarge too_large;
  store::WriteBatch batch;
  RestoringHooks hooks(*this, now, batch);
  batch.Reserve(entries.size());
  const std::vector<StoredTimes> times = TimesToRestore(entries, now);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [last_used, expires] = times[i];
    if (expires && *expires <= now) continue;
    const int64_t expires_at = expires ? ExpiryClock(*expires) : 0;
    if (HasExpired(expires_at, now)) continue;
    hooks.NoteTick(last_used);
    const std::string& path = entries[i].info.path;
    AddPut({Hash(path), path, entries[i].value.view(), expires_at, last_used},
           batch, too_large);
  }
  store::WriteResult result;
  Status status = PrepareWrite();
  if (status.ok()) status = Apply(batch, hooks, result);
  if (status.ok()) ArmSweep(now, ExpiryClock(now));
  return status.ok() ? too_large.status : Noted(std::move(status));
}

Status LruEngine::Invalidate(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  store::WriteBatch batch;
  batch.Reserve(paths.size());
  for (const std::string_view path : paths) batch.RemoveKey(Hash(path), path);
  store::WriteResult result;
  Hooks hooks(*this, TimePoint());
  Status status = PrepareWrite();
  if (status.ok()) status = Apply(batch, hooks, result);
  if (status.ok()) {
    for (const std::string_view path : paths) NoteRemoval(Hash(path));
    invalidations_.fetch_add(paths.size(), std::memory_order_relaxed);
  } else {
    CountWriteErrors(paths.size());
  }
  return Noted(std::move(status));
}

Status LruEngine::Clear() {
  // Accesses stay pending. When they are written they change nothing, and by
  // now some may be accesses of newer entries.
  store::WriteBatch batch;
  batch.Clear();
  store::WriteResult result;
  Hooks hooks(*this, TimePoint());
  Status status = PrepareWrite();
  if (status.ok()) status = Apply(batch, hooks, result);
  if (status.ok() && reads_ != nullptr) reads_->NoteClear();
  return Noted(std::move(status));
}

}  // namespace appcache::lru
