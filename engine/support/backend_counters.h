// BackendCounters: default hit, miss and write counters for a backend.

#ifndef APPCACHE_ENGINE_SUPPORT_BACKEND_COUNTERS_H_
#define APPCACHE_ENGINE_SUPPORT_BACKEND_COUNTERS_H_

#include <atomic>
#include <cstdint>

#include "appcache/lookup.h"
#include "appcache/stats.h"

namespace appcache::internal {

// Thread-safe. Each call costs at most two relaxed atomic additions.
class BackendCounters {
 public:
  // Counts one read, which returned `lookup`.
  template <class V>
  void CountRead(const Lookup<V>& lookup) noexcept {
    Add(lookup.is_hit() ? hits_ : misses_, 1);
    if (lookup.has_error()) Add(read_errors_, 1);
  }

  // Count the keys of one write that were written, and those that were not.
  void CountSets(uint64_t succeeded, uint64_t failed) noexcept {
    Add(sets_, succeeded);
    Add(write_errors_, failed);
  }
  void CountInvalidations(uint64_t succeeded, uint64_t failed) noexcept {
    Add(invalidations_, succeeded);
    Add(write_errors_, failed);
  }

  // The counts so far. The other figures are zero or empty.
  CacheStats Stats() const noexcept {
    CacheStats stats;
    stats.hits = hits_.load(std::memory_order_relaxed);
    stats.misses = misses_.load(std::memory_order_relaxed);
    stats.read_errors = read_errors_.load(std::memory_order_relaxed);
    stats.sets = sets_.load(std::memory_order_relaxed);
    stats.invalidations = invalidations_.load(std::memory_order_relaxed);
    stats.write_errors = write_errors_.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  static void Add(std::atomic<uint64_t>& counter, uint64_t count) noexcept {
    if (count > 0) counter.fetch_add(count, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> hits_{0};
  std::atomic<uint64_t> misses_{0};
  std::atomic<uint64_t> read_errors_{0};
  std::atomic<uint64_t> sets_{0};
  std::atomic<uint64_t> invalidations_{0};
  std::atomic<uint64_t> write_errors_{0};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_BACKEND_COUNTERS_H_
