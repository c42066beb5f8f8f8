// The writing half of LruEngine.

#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "engine/lru/expiry.h"
#include "engine/lru/lru_engine.h"

namespace appcache {
namespace {

// How many uses of entries that are gone may be pending: only a flush tells
// them from others.
constexpr uint64_t kMaxDeadTouches = 4096;

// So many that the lane is held for some milliseconds, and the log stays small.
constexpr uint64_t kEvictionsPerBatch = 1024;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// A time that can be stored and counted on from.
bool IsStorable(TimePoint time) noexcept {
  return time >= TimePoint() && time <= SqliteCache::kMaxTime;
}

Status CheckTimes(const EntryInfo& info) {
  if (IsStorable(info.last_used) &&
      (!info.expires_at || IsStorable(*info.expires_at))) {
    return Status();
  }
  return Status(ErrorCode::kInvalidArgument,
                "an entry to restore was last used, or ends, before 1970 or "
                "after SqliteCache::kMaxTime");
}

}  // namespace

// One pass of the lane and one transaction.
Status LruEngine::WriteOnce(const std::function<Status()>& body) {
  const Result<WriterLane::Pass> pass =
      database_->lane().Enter(settings_.busy_timeout);
  if (!pass.ok()) return pass.status();
  // Looked at here: it may have been closed while this call waited.
  if (!writer_.is_prepared()) return Closed();
  Status status = database_->CheckInPlace();
  if (!status.ok()) {
    State open = State::kOpen;
    state_.compare_exchange_strong(open, State::kMoved);
    return status;
  }
  status = log_keeper_.MakeRoom();
  if (!status.ok()) return status;
  evicted_ = policy::Evicted();
  // In the transaction a borrowed connection's mutex is held, which a thread
  // that ends may wait for with Sessions::mutex_. Nothing is missed: in the
  // lane, nobody reads from a borrowed connection.
  if (database_->is_borrowed()) sessions_->CollectTouches();
  store::Writer::Transaction transaction(writer_);
  status = transaction.Begin();
  if (status.ok()) status = PassTicksOfOthers();
  if (status.ok()) status = body();
  if (status.ok()) status = transaction.Commit();
  if (!status.ok()) return status;
  CountEvicted();
  log_keeper_.AfterCommit();
  return Status();
}

// What another process has set, by a clock that may be ahead of this one, must
// not look more recent than what is set now: an entry would be its own set's
// victim.
Status LruEngine::PassTicksOfOthers() {
  if (!writer_.others_have_written()) return Status();
  const Result<int64_t> newest = writer_.NewestUse();
  if (!newest.ok()) return newest.status();
  ticks_.Pass(*newest);
  return Status();
}

bool LruEngine::TooManyPending() const {
  return pending_.size() > settings_.limits.max_entries + kMaxDeadTouches;
}

template <class Body>
Status LruEngine::WriteWith(const Body& body) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  if (TooManyPending()) {
    Status flushed = FlushTouches();
    if (!flushed.ok()) return Noted(std::move(flushed));
  }
  return Noted(WriteOnce(std::cref(body)));
}

Status LruEngine::EvictToFit(TimePoint now, uint64_t most) {
  if (!policy::IsOver(settings_.limits, writer_.counts())) return Status();
  if (!database_->is_borrowed()) sessions_->CollectTouches();
  return policy::EvictToFit(writer_, pending_, settings_.limits,
                            ExpiryClock(now), most, evicted_);
}

Status LruEngine::EvictToLimits(TimePoint now) {
  bool over = true;
  while (over) {
    Status status = WriteOnce([&] {
      Status evicted = EvictToFit(now, kEvictionsPerBatch);
      over = policy::IsOver(settings_.limits, writer_.counts());
      return evicted;
    });
    if (!status.ok()) return status;
  }
  return Status();
}

void LruEngine::CountEvicted() noexcept {
  evictions_.fetch_add(evicted_.evictions, std::memory_order_relaxed);
  expirations_.fetch_add(evicted_.expirations, std::memory_order_relaxed);
  // What may yet be undone is written again another time.
  if (writer_.is_nested()) return;
  pending_.Forget(evicted_.written);
  pending_.Erase(evicted_.removed);
}

Status LruEngine::CheckSize(const store::Row& row,
                            std::string_view what_became) const {
  const uint64_t bytes = row.key.size() + row.value.size();
  const bool over_value = row.value.size() > SqliteCache::kMaxValueBytes;
  const bool over_cache =
      settings_.limits.max_bytes && bytes > *settings_.limits.max_bytes;
  if (!over_value && !over_cache) return Status();
  const uint64_t limit =
      over_value ? SqliteCache::kMaxValueBytes : *settings_.limits.max_bytes;
  return Status(ErrorCode::kTooLarge,
                "an entry of " + std::to_string(bytes) +
                    " bytes is larger than the limit of " +
                    std::to_string(limit) + "; " + std::string(what_became));
}

Status LruEngine::PutRow(const store::Row& row, TooLarge& too_large) {
  Status fits = CheckSize(row, "its key is now empty");
  if (fits.ok()) return writer_.Put(row);
  if (too_large.entries++ == 0) too_large.status = std::move(fits);
  const Result<bool> removed = writer_.RemoveKey(row.h, row.key);
  return removed.ok() ? Status() : removed.status();
}

Status LruEngine::Set(std::span<const Cache::RawEntry> entries) {
  for (const Cache::RawEntry& entry : entries) {
    if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  TooLarge too_large;
  int64_t first_expiry = 0;
  Status status = WriteWith([&] {
    for (const Cache::RawEntry& entry : entries) {
      const int64_t expires_at = ExpiryOf(entry.ttl, now);
      if (expires_at != 0 && (first_expiry == 0 || expires_at < first_expiry)) {
        first_expiry = expires_at;
      }
      Status put = PutRow({Hash(entry.path), entry.path, entry.value,
                           expires_at, ticks_.Next(now)},
                          too_large);
      if (!put.ok()) return put;
    }
    return EvictToFit(now, kNoLimit);
  });
  if (status.ok() && first_expiry != 0) ArmSweep(now, first_expiry);
  const uint64_t failed = status.ok() ? too_large.entries : entries.size();
  sets_.fetch_add(entries.size() - failed, std::memory_order_relaxed);
  write_errors_.fetch_add(failed, std::memory_order_relaxed);
  return status.ok() ? too_large.status : status;
}

Status LruEngine::PutIfNone(const store::Row& row, TimePoint now, bool& added) {
  const auto there = writer_.ExpiryOf(row.h, row.key);
  if (!there.ok()) return there.status();
  added = !*there || HasExpired(**there, now);
  return added ? writer_.Put(row) : Status();
}

Result<bool> LruEngine::Add(const Cache::RawEntry& entry) {
  if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  store::Row row{Hash(entry.path), entry.path, entry.value};
  bool added = false;
  TimePoint now;
  Status status = CheckSize(row, "nothing was changed");
  if (status.ok()) {
    status = WriteWith([&] {
      // Of after the wait for other writers, who may have added.
      now = settings_.clock->Now();
      row.expires_at_ms = ExpiryOf(entry.ttl, now);
      row.last_used = ticks_.Next(now);
      Status put = PutIfNone(row, now, added);
      return put.ok() && added ? EvictToFit(now, kNoLimit) : put;
    });
  }
  if (!status.ok()) {
    write_errors_.fetch_add(1, std::memory_order_relaxed);
    return status;
  }
  if (!added) return false;
  sets_.fetch_add(1, std::memory_order_relaxed);
  if (row.expires_at_ms != 0) ArmSweep(now, row.expires_at_ms);
  return true;
}

Status LruEngine::Restore(std::span<const StoredEntry> entries) {
  for (const StoredEntry& entry : entries) {
    if (Status valid = CheckPath(entry.info.path); !valid.ok()) return valid;
    if (Status valid = CheckTimes(entry.info); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  TooLarge too_large;
  Status status = WriteWith([&] {
    for (const StoredEntry& entry : entries) {
      if (entry.info.expires_at && *entry.info.expires_at <= now) continue;
      const int64_t expires_at =
          entry.info.expires_at ? ExpiryClock(*entry.info.expires_at) : 0;
      if (HasExpired(expires_at, now)) continue;
      const int64_t last_used = entry.info.last_used.time_since_epoch().count();
      ticks_.Pass(last_used);
      Status put = PutRow({Hash(entry.info.path), entry.info.path,
                           entry.value.view(), expires_at, last_used},
                          too_large);
      if (!put.ok()) return put;
    }
    return EvictToFit(now, kNoLimit);
  });
  if (status.ok()) ArmSweep(now, ExpiryClock(now));
  return status.ok() ? too_large.status : status;
}

Status LruEngine::Invalidate(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  Status status = WriteWith([&]() -> Status {
    for (const std::string_view path : paths) {
      const int64_t h = Hash(path);
      const Result<bool> removed = writer_.RemoveKey(h, path);
      if (!removed.ok()) return removed.status();
      if (*removed) evicted_.removed.push_back(h);
    }
    return Status();
  });
  (status.ok() ? invalidations_ : write_errors_)
      .fetch_add(paths.size(), std::memory_order_relaxed);
  return status;
}

Status LruEngine::Clear() {
  // Uses stay pending: in SQLite they find nothing to change, and by now there
  // may be some of newer entries.
  return WriteWith([&] { return writer_.Clear(); });
}

}  // namespace appcache
