#include "adapters/lmdb/write.h"

#include <string>

#include "adapters/lmdb/status.h"
#include "adapters/lmdb/transaction.h"
#include "engine/lane/backoff.h"
#include "engine/lane/time_left.h"

namespace appcache::lmdb {
namespace {

// How many ended entries a transaction removes: more than it adds, mostly.
constexpr int kEndedPerWrite = 8;

// How many transactions of a set may only evict. A value of the largest size
// finds room among the smallest entries within them.
constexpr int kMaxRounds = 128;

// How often a map that is full, though it should not be, gets entries evicted;
// and a disk that is full, where that helps only as far as the file has pages.
constexpr int kMaxMapEvictions = 256;
constexpr int kMaxDiskEvictions = 8;

// One write and what it takes. In the writer lane.
class Effort {
 public:
  Effort(Environment& environment, const Clock& clock,
         std::chrono::milliseconds busy_timeout, Removed& removed)
      : environment_(environment),
        clock_(clock),
        busy_timeout_(busy_timeout),
        removed_(removed),
        patience_(busy_timeout) {}

  Status Apply(const Change& change) {
    for (int round = 0;; ++round) {
      bool done = false;
      const int rc = Try(change, /*may_defer=*/round < kMaxRounds, done);
      if (rc == 0 && done) return Status();
      if (rc == 0) continue;
      if (!IsFull(rc)) return Fail(rc);
      Status room = MakeRoom(rc);
      if (!room.ok()) return room;
    }
  }

 private:
  Status Fail(int rc) const {
    return Failure(rc, "write to", environment_.directory());
  }

  // `done`: false if there was only time to evict.
  int Try(const Change& change, bool may_defer, bool& done) {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables());
    const TimePoint now = clock_.Now();
    Removed removed;
    rc = entries.RemoveEnded(now, kEndedPerWrite, removed.ended);
    bool is_needless = false;
    if (rc == 0 && change.check) rc = change.check(entries, now, is_needless);
    bool fits = true;
    if (rc == 0 && change.pages > 0 && !is_needless) {
      rc = EvictFor(change.pages, entries, fits, removed.evicted);
    }
    done = fits || !may_defer;
    if (rc == 0 && done && !is_needless) rc = change.apply(entries, now);
    if (rc == 0) rc = txn.Commit();
    if (rc == 0) Count(removed);
    return rc;
  }

  // Evicts until `pages` more fit, but no more than one transaction may.
  int EvictFor(uint64_t pages, Entries& entries, bool& fits,
               uint64_t& evicted) const {
    const Limits& limits = environment_.limits();
    for (uint64_t rows = 0;; ++rows) {
      uint64_t live = 0;
      int rc = entries.LivePages(live);
      fits = live + pages <= limits.budget_pages;
      if (rc != 0 || fits || rows == limits.max_entries) return rc;
      bool row = false;
      rc = entries.RemoveOldest(row, evicted);
      if (rc != 0) return rc;
      if (!row) {
        fits = true;
        return 0;
      }
    }
  }

  // In a transaction of its own. `any`: there was something to evict.
  int EvictSome(bool& any) {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables());
    Removed removed;
    bool row = true;
    for (uint64_t rows = 0; row && rows < environment_.limits().max_entries;
         ++rows) {
      rc = entries.RemoveOldest(row, removed.evicted);
      if (rc != 0) return rc;
      any |= row;
    }
    rc = txn.Commit();
    if (rc == 0) Count(removed);
    return rc;
  }

  int EvictAll() {
    Transaction txn;
    int rc = environment_.Begin(busy_timeout_, txn.out());
    if (rc != 0) return rc;
    Entries entries(txn.get(), environment_.tables());
    Removed removed;
    rc = entries.Count(removed.evicted);
    if (rc == 0) rc = entries.Clear();
    if (rc == 0) rc = txn.Commit();
    if (rc == 0) Count(removed);
    // Its pages may be used by the third transaction from here.
    for (int i = 0; rc == 0 && i < 2; ++i) {
      rc = environment_.CommitNothing(busy_timeout_);
    }
    return rc;
  }

  // After a transaction found the map or the disk full: success if it is worth
  // trying again.
  Status MakeRoom(int rc) {
    // To evict would not help: what is freed is kept too.
    if (environment_.HasOldReader()) {
      if (patience_.Wait()) return Status();
      return Status(ErrorCode::kBusy,
                    "waited " + std::to_string(busy_timeout_.count()) +
                        " ms to write to " + environment_.directory() +
                        ": a process that reads from it, and has perhaps been "
                        "stopped, keeps all pages that are free; end it, or "
                        "allow more busy_timeout or max_bytes");
    }
    const bool is_map = rc == MDB_MAP_FULL || rc == MDB_TXN_FULL;
    if (evictions_++ < (is_map ? kMaxMapEvictions : kMaxDiskEvictions)) {
      bool any = false;
      const int evicted = EvictSome(any);
      if (evicted == 0 && any) return Status();
      if (evicted != 0 && !IsFull(evicted)) return Fail(evicted);
    }
    if (!is_map || emptied_) return Fail(rc);
    emptied_ = true;
    rc = EvictAll();
    return rc == 0 ? Status() : Fail(rc);
  }

  void Count(const Removed& removed) noexcept {
    removed_.evicted += removed.evicted;
    removed_.ended += removed.ended;
  }

  Environment& environment_;
  const Clock& clock_;
  const std::chrono::milliseconds busy_timeout_;
  Removed& removed_;
  Backoff patience_;
  int evictions_ = 0;
  bool emptied_ = false;
};

}  // namespace

Status Write(Environment& environment, const Clock& clock,
             std::chrono::milliseconds busy_timeout, const Change& change,
             Removed& removed) {
  const TimeLeft left(busy_timeout);
  const Result<WriterLane::Pass> pass = environment.lane().Enter(busy_timeout);
  if (!pass.ok()) return pass.status();
  return Effort(environment, clock, left.Get(), removed).Apply(change);
}

}  // namespace appcache::lmdb
