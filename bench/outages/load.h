// Load: threads that read through two tiers, and one that writes.

#ifndef APPCACHE_BENCH_OUTAGES_LOAD_H_
#define APPCACHE_BENCH_OUTAGES_LOAD_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "appcache/tiered_cache.h"
#include "bench/outages/write_history.h"

namespace appcache::outages {

// Counters of a Load.
struct LoadCounters {
  uint64_t reads = 0;
  uint64_t stale_reads = 0;    // within the bound
  uint64_t invalid_reads = 0;  // staler than the bound, or not a version
  uint64_t loads = 0;
  uint64_t failed_writes = 0;
  int64_t max_staleness_ns = 0;  // since ResetMaxStaleness

  // What was counted since `before`.
  LoadCounters operator-(const LoadCounters& before) const;
};

// Starts its threads in the constructor and stops them in the destructor.
class Load {
 public:
  static constexpr int kKeys = 1000;
  static constexpr int kReadersPerTier = 2;

  // `tiers` must outlive it. Reads that are staler than `max_staleness` are
  // invalid.
  Load(std::array<TieredCache*, WriteHistory::kTiers> tiers,
       std::chrono::milliseconds max_staleness);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadCounters counters() const;
  void ResetMaxStaleness() { max_seen_staleness_ns_ = 0; }
  // Waits for the write in progress; no further one starts until ResumeWrites.
  void PauseWrites();
  void ResumeWrites() { is_paused_ = false; }

 private:
  void Read(int tier, uint64_t seed);
  void Write();
  // Counts a read of `value` that began at `begin`.
  void Count(int key, const std::string& value, int64_t begin);

  const std::array<TieredCache*, WriteHistory::kTiers> tiers_;
  const int64_t max_staleness_ns_;
  WriteHistory history_{kKeys, /*max_versions=*/1000};

  std::atomic<bool> is_over_{false};
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> is_writing_{false};
  std::atomic<uint64_t> reads_{0};
  std::atomic<uint64_t> stale_reads_{0};
  std::atomic<uint64_t> invalid_reads_{0};
  std::atomic<uint64_t> loads_{0};
  std::atomic<uint64_t> failed_writes_{0};
  std::atomic<int64_t> max_seen_staleness_ns_{0};
  std::vector<std::thread> threads_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_LOAD_H_
