// Writer: applies changes to an environment, each in one write transaction, and
// evicts entries to make room for them.

#ifndef APPCACHE_ADAPTERS_LMDB_WRITER_H_
#define APPCACHE_ADAPTERS_LMDB_WRITER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/follow_clock.h"
#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/times.h"

namespace appcache::lmdb {

struct Change {
  // The most pages that it adds. 0: it only removes.
  uint64_t pages = 0;
  // Makes the change and returns LMDB's code. May be called again after its
  // transaction was aborted.
  std::function<int(Entries& entries, TimePoint now)> apply;
  // Unless null, called in each transaction before anything is evicted. Sets
  // `is_needless` to whether there is nothing to apply. Returns LMDB's code.
  std::function<int(const Entries& entries, TimePoint now, bool& is_needless)>
      check = nullptr;
};

// Entries that writes removed besides their own changes.
struct RemovalCounters {
  std::atomic<uint64_t> evictions{0};
  std::atomic<uint64_t> expirations{0};
};

// Thread-safe.
class Writer {
 public:
  // `environment` and `clock` must outlive this object. `busy_timeout` limits
  // each wait for other writers and readers.
  Writer(Environment& environment, const Clock& clock,
         std::chrono::milliseconds busy_timeout) noexcept
      : environment_(environment), clock_(clock), busy_timeout_(busy_timeout) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Makes `change` in one transaction, which also removes a few expired entries
  // and evicts the oldest entries until there is room. If the clock was set
  // back, first corrects some entries (follow_clock.h), if there is room. If
  // that is not enough, evicts in further transactions, in the end everything.
  // After a failure the change is not made, but entries may have been evicted.
  // Errors: kBusy when another writer, or a reader that prevents the reuse of
  // pages, does not end within busy_timeout; kFull; kCorrupt; kUnavailable.
  Status Apply(const Change& change) { return Apply(change, busy_timeout_); }

  // For a reader that has found an entry of a clock that was ahead: corrects
  // some entries, unless another writer is active. REQUIRES: this thread has no
  // read transaction.
  void FollowClock() noexcept;

  // Corrects all entries if the clock was set back. Other writers may take
  // turns. Does nothing if one is active, which notices that too. What an error
  // prevents is done by later writes.
  void FollowClockCompletely() noexcept;

  Environment& environment() const noexcept { return environment_; }
  std::chrono::milliseconds busy_timeout() const noexcept {
    return busy_timeout_;
  }
  const RemovalCounters& removals() const noexcept { return removals_; }

 private:
  // Waits at most `max_wait` for other writers and readers.
  Status Apply(const Change& change, std::chrono::milliseconds max_wait);
  // Within a write transaction: opening a cache takes no slot of a reader.
  Status LoadTime(std::chrono::milliseconds max_wait,
                  std::optional<TimeRow>& row);

  Environment& environment_;
  const Clock& clock_;
  const std::chrono::milliseconds busy_timeout_;
  RemovalCounters removals_;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_WRITER_H_
