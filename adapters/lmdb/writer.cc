#include "adapters/lmdb/writer.h"

#include <optional>
#include <string>

#include "adapters/lmdb/status.h"
#include "adapters/lmdb/transaction.h"
#include "appcache/backend.h"
#include "engine/lane/backoff.h"
#include "engine/lane/time_left.h"

namespace appcache::lmdb {
namespace {

using std::chrono::milliseconds;

// The most expired entries that a transaction removes. It mostly adds fewer, so
// expired entries do not accumulate.
constexpr int kExpiredPerWrite = 8;

// The most transactions of one write that only evict. They suffice to make room
// for the largest value among the smallest entries.
constexpr int kMaxEvictionRounds = 128;

// How often entries are evicted because LMDB reports a full map although the
// budget was kept; and because the disk is full, where that helps only as far
// as the file has free pages.
constexpr int kMaxMapEvictions = 256;
constexpr int kMaxDiskEvictions = 8;

struct Removed {
  uint64_t evicted = 0;
  uint64_t expired = 0;
};

// One write, with the transactions that make room for it.
class EvictingWrite {
 public:
  EvictingWrite(Environment& environment, const Clock& clock,
                milliseconds busy_timeout, RemovalCounters& removals)
      : environment_(environment),
        clock_(clock),
        busy_timeout_(busy_timeout),
        removals_(removals),
        backoff_(busy_timeout) {}

  // `held` is the writer lock.
  Status Run(const Change& change, const internal::WriterLane::Held& held) {
    held.AssertHolds(environment_.lane());
    for (int round = 0;; ++round) {
      bool done = false;
      const int rc =
          Try(change, /*may_defer=*/round < kMaxEvictionRounds, done);
      if (rc == 0 && done) {
        if (!used_reserve_ && environment_.lane().lacks_reserve()) {
          environment_.lane().KeepReserve();
        }
        return Status();
      }
      if (rc == 0) continue;
      if (!IsFull(rc)) return WriteFailure(rc);
      const bool is_map = rc == MDB_MAP_FULL || rc == MDB_TXN_FULL;
      if (!is_map && change.pages == 0 && !used_reserve_) {
        // A removal copies pages too.
        environment_.lane().FreeReserve();
        used_reserve_ = true;
        continue;
      }
      Status room = MakeRoom(rc);
      if (!room.ok()) return room;
    }
  }

 private:
  Status WriteFailure(int rc) const {
    return Failure(rc, "write to", environment_.directory());
  }

  // Runs one transaction. `done` is false if it only evicted, because the
  // change did not fit yet, or only corrected times.
  int Try(const Change& change, bool may_defer, bool& done)
      APPCACHE_REQUIRES(environment_.lane()) {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    const TimePoint now = clock_.Now();
    TimeRow time;
    bool corrects = may_correct_;
    rc = FollowClock(txn.get(), environment_.tables(), environment_.limits(),
                     now, time, corrects);
    if (corrects) {
      // Where there is no room for it, a later write does it.
      may_correct_ = false;
      if (rc == 0) rc = txn.Commit();
      return IsFull(rc) ? 0 : rc;
    }
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables(), time.corrected + 1);
    Removed removed;
    rc = entries.RemoveExpired(now, kExpiredPerWrite, removed.expired);
    bool is_needless = false;
    if (rc == 0 && change.check) rc = change.check(entries, now, is_needless);
    bool fits = true;
    if (rc == 0 && change.pages > 0 && !is_needless) {
      rc = EvictFor(change.pages, entries, fits, removed.evicted);
    }
    done = fits || !may_defer;
    if (rc == 0 && done && !is_needless) rc = change.apply(entries, now);
    return rc == 0 ? Commit(txn, removed) : rc;
  }

  // Evicts until `pages` more fit, or the transaction has evicted as many
  // entries as it may.
  int EvictFor(uint64_t pages, Entries& entries, bool& fits,
               uint64_t& evicted) const {
    const Limits& limits = environment_.limits();
    for (uint64_t rows = 0;; ++rows) {
      uint64_t live = 0;
      int rc = entries.LivePages(live);
      fits = live + pages <= limits.budget_pages;
      if (rc != 0 || fits || rows == limits.max_entries) return rc;
      bool row_found = false;
      rc = entries.RemoveOldest(row_found, evicted);
      if (rc != 0) return rc;
      if (!row_found) {
        fits = true;
        return 0;
      }
    }
  }

  // Evicts in a transaction of its own. Sets `any` if there were entries.
  int EvictSome(bool& any) APPCACHE_REQUIRES(environment_.lane()) {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables());
    Removed removed;
    bool row_found = true;
    for (uint64_t rows = 0;
         row_found && rows < environment_.limits().max_entries; ++rows) {
      rc = entries.RemoveOldest(row_found, removed.evicted);
      if (rc != 0) return rc;
      any |= row_found;
    }
    return Commit(txn, removed);
  }

  int EvictAll() APPCACHE_REQUIRES(environment_.lane()) {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables());
    Removed removed;
    rc = entries.Count(removed.evicted);
    if (rc == 0) rc = entries.Clear();
    if (rc == 0) rc = Commit(txn, removed);
    // The third transaction after this one can reuse its pages.
    for (int i = 0; rc == 0 && i < 2; ++i) {
      rc = environment_.CommitNothing(busy_timeout_);
    }
    return rc;
  }

  // Makes room after a transaction failed with `rc` because the map or the disk
  // was full. Success means that another attempt is worthwhile.
  Status MakeRoom(int rc) APPCACHE_REQUIRES(environment_.lane()) {
    // Eviction would not help: an old reader also prevents the reuse of the
    // pages that it frees.
    if (environment_.HasOldReader()) {
      return backoff_.Wait() ? Status() : BusyReader();
    }
    const bool is_map = rc == MDB_MAP_FULL || rc == MDB_TXN_FULL;
    if (evictions_++ < (is_map ? kMaxMapEvictions : kMaxDiskEvictions)) {
      bool any = false;
      const int evicted = EvictSome(any);
      if (evicted == 0 && any) return Status();
      if (evicted != 0 && !IsFull(evicted)) return WriteFailure(evicted);
    }
    if (!is_map || emptied_) return WriteFailure(rc);
    emptied_ = true;
    rc = EvictAll();
    return rc == 0 ? Status() : WriteFailure(rc);
  }

  Status BusyReader() const {
    return Status(ErrorCode::kBusy,
                  "waited " + std::to_string(busy_timeout_.count()) +
                      " ms to write to the LMDB cache " +
                      environment_.directory() +
                      ": a read that does not end, perhaps of a stopped "
                      "process, prevents the reuse of free pages; end that "
                      "process, or raise busy_timeout or max_bytes");
  }

  int Commit(Transaction& txn, const Removed& removed) {
    const int rc = txn.Commit();
    if (rc == 0) {
      removals_.evictions.fetch_add(removed.evicted, std::memory_order_relaxed);
      removals_.expirations.fetch_add(removed.expired,
                                      std::memory_order_relaxed);
    }
    return rc;
  }

  Environment& environment_;
  const Clock& clock_;
  const milliseconds busy_timeout_;
  RemovalCounters& removals_;
  internal::Backoff backoff_;
  bool may_correct_ = true;
  int evictions_ = 0;
  bool emptied_ = false;
  bool used_reserve_ = false;
};

}  // namespace

Status Writer::Apply(const Change& change, milliseconds max_wait) {
  const internal::TimeLeft left(max_wait);
  const Result<internal::WriterLane::Held> held =
      environment_.lane().Enter(max_wait);
  if (!held.ok()) return held.status();
  held->AssertHolds(environment_.lane());
  Status present = environment_.CheckNotRemoved();
  if (!present.ok()) return present;
  return EvictingWrite(environment_, clock_, left.Get(), removals_)
      .Run(change, *held);
}

Status Writer::LoadTime(milliseconds max_wait, std::optional<TimeRow>& row) {
  const Result<internal::WriterLane::Held> held =
      environment_.lane().Enter(max_wait);
  if (!held.ok()) return held.status();
  held->AssertHolds(environment_.lane());
  Transaction txn;
  int rc = environment_.Begin(max_wait, txn.out());
  if (rc == 0) rc = LoadTimeRow(txn.get(), environment_.tables(), row);
  return rc == 0 ? Status()
                 : Failure(rc, "read from", environment_.directory());
}

void Writer::FollowClock() noexcept {
  (void)WithoutExceptions<Status>([&] {
    return Apply({0, [](Entries&, TimePoint) { return 0; }}, milliseconds(0));
  });
}

void Writer::FollowClockCompletely() noexcept {
  (void)WithoutExceptions<Status>([&] {
    std::optional<TimeRow> last;
    for (milliseconds wait(0);; wait = busy_timeout_) {
      std::optional<TimeRow> row;
      Status status = LoadTime(wait, row);
      // An unchanged row: there was no room for the correction.
      if (!status.ok() || !row || row == last || !row->IsAhead(clock_.Now())) {
        return status;
      }
      last = row;
      status = Apply({0, [](Entries&, TimePoint) { return 0; }});
      if (!status.ok()) return status;
    }
  });
}

}  // namespace appcache::lmdb
