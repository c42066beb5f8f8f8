// BackendCounters: what a backend counts that has no better way to.

#ifndef APPCACHE_ENGINE_BACKEND_COUNTERS_H_
#define APPCACHE_ENGINE_BACKEND_COUNTERS_H_

#include <atomic>
#include <cstdint>

#include "engine/lookup.h"
#include "engine/stats.h"

namespace appcache {

// Thread-safe.
class BackendCounters {
 public:
  template <class V>
  void CountRead(const Lookup<V>& lookup) noexcept {
    Add(lookup.is_hit() ? hits_ : misses_, 1);
    if (lookup.has_error()) Add(read_errors_, 1);
  }
  void CountSets(uint64_t done, uint64_t failed) noexcept {
    Add(sets_, done);
    Add(write_errors_, failed);
  }
  void CountInvalidations(uint64_t done, uint64_t failed) noexcept {
    Add(invalidations_, done);
    Add(write_errors_, failed);
  }

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

}  // namespace appcache

#endif  // APPCACHE_ENGINE_BACKEND_COUNTERS_H_
