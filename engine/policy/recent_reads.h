// RecentReads: the reads of a cache whose entries are in a file, for its
// LiveCurve.
//
// Such entries have no tick that a read could get without a statement. So every
// read is noted in a table of the latest reads, which knows how long ago most
// hits were read before, and in the ghosts of the curve, which know older ones.
// A tick is the number of a read. Costs some tens of nanoseconds a read. A
// program that reads a file a few times pays for neither tables nor their use.

#ifndef APPCACHE_ENGINE_POLICY_RECENT_READS_H_
#define APPCACHE_ENGINE_POLICY_RECENT_READS_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "appcache/stats.h"
#include "engine/policy/ghosts.h"
#include "engine/policy/live_curve.h"
#include "engine/support/mutex.h"

namespace appcache::policy {

// Thread-safe. Memory: at most 1.1 MiB.
class RecentReads {
 public:
  // For a cache of at most `max_entries`. Throws std::bad_alloc.
  explicit RecentReads(uint64_t max_entries)
      : recent_(max_entries < kMostRecent ? max_entries : kMostRecent),
        curve_(max_entries, 0) {}

  // Reads of the key with this hash; `count`: of the calling thread's.
  // `expires_at_ms` as ever: 0 is never.
  void NoteHit(int64_t h, uint64_t count, int64_t expires_at_ms) noexcept;
  void NoteMiss(int64_t h, uint64_t count, int64_t now_ms) noexcept;
  void NoteExpired(int64_t h, uint64_t count) noexcept;

  // The number of entries now.
  void FitTo(uint64_t entries) noexcept APPCACHE_EXCLUDES(fit_mutex_);

  // A set, which is no read, and a removal that is no eviction.
  void NoteSet(int64_t h, int64_t expires_at_ms) noexcept {
    Note(h, reads_.load(std::memory_order_relaxed), expires_at_ms);
  }
  void NoteRemoval(int64_t h) noexcept;
  void NoteClear() noexcept;

  // As LiveCurve::Estimate.
  std::optional<HitRatioCurve> Estimate(uint64_t entries, uint64_t hits,
                                        uint64_t misses) {
    return curve_.Estimate(entries, hits, misses);
  }

 private:
  // All keys of so many entries are remembered, and those of three times more.
  static constexpr uint64_t kMostRecent = 4096;
  // A program that reads less needs no tables.
  static constexpr int64_t kReadsBeforeTables = 256;

  int64_t NextTick() noexcept APPCACHE_EXCLUDES(fit_mutex_);
  void Note(int64_t h, int64_t tick, int64_t expires_at_ms) noexcept {
    recent_.Add(h, tick, expires_at_ms);
    curve_.NoteGhost(h, tick, expires_at_ms);
  }

  std::atomic<int64_t> reads_{0};
  internal::Mutex fit_mutex_;
  uint64_t entries_ APPCACHE_GUARDED_BY(fit_mutex_) = 0;
  Ghosts recent_;
  LiveCurve curve_;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_RECENT_READS_H_
