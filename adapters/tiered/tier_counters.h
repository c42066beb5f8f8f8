// TierCounters: the reads and fetches of a tier, by their outcome.

#ifndef APPCACHE_ADAPTERS_TIERED_TIER_COUNTERS_H_
#define APPCACHE_ADAPTERS_TIERED_TIER_COUNTERS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "adapters/tiered/local_level.h"
#include "appcache/backend.h"
#include "appcache/stats.h"
#include "appcache/tier_report.h"
#include "engine/support/striped_counter.h"

namespace appcache::tiered {

// Thread-safe.
class TierCounters {
 public:
  // A read that a copy answered.
  void CountLocal(const Lookup<TimedBytes>& found) noexcept {
    if (!found.is_hit()) {
      Increment(negative_hits_);
    } else if (found.origin() == Origin::kStaleCopy) {
      Increment(stale_hits_);
    } else {
      CountLocalHit();
    }
  }
  void CountLocalHit() noexcept { local_hits_.Increment(); }

  // A read that the remote answered, or failed.
  void CountRemote(const Lookup<TimedBytes>& fetched) noexcept {
    Increment(fetched.is_hit()      ? remote_hits_
              : fetched.has_error() ? remote_errors_
                                    : remote_misses_);
  }

  // A read that the remote failed, and that CountRemote has counted, got a copy
  // all the same.
  void CountLastResort(const Lookup<TimedBytes>& found) noexcept {
    CountLocal(found);
    Increment(last_resorts_);
  }

  // A read that shared the result of another caller's fetch. The result is a
  // stale copy when the remote failed and the leader had that left.
  void CountShared(const Lookup<TimedBytes>& fetched) noexcept {
    Increment(fetches_shared_);
    if (fetched.origin() == Origin::kStorage) {
      CountRemote(fetched);
    } else {
      Increment(stale_hits_);
    }
  }

  void CountStored(LocalLevel::Stored stored) noexcept {
    if (stored == LocalLevel::Stored::kYes) Increment(copies_stored_);
    if (stored == LocalLevel::Stored::kOutdated) Increment(copies_discarded_);
  }

  // Adds the reads.
  void AddTo(CacheStats& stats) const noexcept {
    const uint64_t last_resorts = Read(last_resorts_);
    // The maximum, because both counters grow while they are read.
    const uint64_t errors =
        std::max(Read(remote_errors_), last_resorts) - last_resorts;
    stats.hits += local_hits_.Sum() + Read(stale_hits_) + Read(remote_hits_);
    stats.misses += Read(negative_hits_) + Read(remote_misses_) + errors;
    stats.read_errors += errors;
  }

  // Sets the figures of reads and fetches.
  void AddTo(TierReport& report) const noexcept {
    report.local_hits = local_hits_.Sum();
    report.stale_hits = Read(stale_hits_);
    report.negative_hits = Read(negative_hits_);
    report.remote_hits = Read(remote_hits_);
    report.remote_misses = Read(remote_misses_);
    report.remote_errors = Read(remote_errors_);
    report.fetches_shared = Read(fetches_shared_);
    report.copies_stored = Read(copies_stored_);
    report.copies_discarded = Read(copies_discarded_);
  }

 private:
  using Counter = std::atomic<uint64_t>;

  static void Increment(Counter& counter) noexcept {
    counter.fetch_add(1, std::memory_order_relaxed);
  }
  static uint64_t Read(const Counter& counter) noexcept {
    return counter.load(std::memory_order_relaxed);
  }

  internal::StripedCounter local_hits_;
  Counter stale_hits_{0};
  Counter negative_hits_{0};
  Counter remote_hits_{0};
  Counter remote_misses_{0};
  Counter remote_errors_{0};
  Counter last_resorts_{0};  // of those: reads that got a copy all the same
  Counter fetches_shared_{0};
  Counter copies_stored_{0};
  Counter copies_discarded_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_TIER_COUNTERS_H_
