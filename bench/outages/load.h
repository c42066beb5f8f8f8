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

#include "adapters/tiered/tiered_cache.h"
#include "bench/outages/truth.h"

namespace appcache::outages {

// What was seen since the start, or since another moment.
struct Seen {
  uint64_t reads = 0;
  uint64_t stale_reads = 0;   // within the bound
  uint64_t broken_reads = 0;  // beyond it
  uint64_t loads = 0;
  uint64_t failed_writes = 0;
  int64_t oldest_ns = 0;  // the stalest read since ForgetOldest

  Seen operator-(const Seen& before) const;
};

// Begins with the object and ends with it.
class Load {
 public:
  static constexpr int kKeys = 1000;
  static constexpr int kReadersPerTier = 2;

  // The tiers outlive it.
  Load(std::array<TieredCache*, Truth::kTiers> tiers,
       std::chrono::milliseconds max_staleness);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  Seen seen() const;
  void ForgetOldest() { oldest_ns_ = 0; }
  // No write is on its way when it returns.
  void PauseWrites();
  void ResumeWrites() { is_paused_ = false; }

 private:
  void Read(int tier, uint64_t seed);
  void Write();
  void Judge(int key, const std::string& value, int64_t begun);

  const std::array<TieredCache*, Truth::kTiers> tiers_;
  const int64_t max_staleness_ns_;
  Truth truth_{kKeys, /*max_versions=*/1000};

  std::atomic<bool> is_over_{false};
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> is_writing_{false};
  std::atomic<uint64_t> reads_{0};
  std::atomic<uint64_t> stale_reads_{0};
  std::atomic<uint64_t> broken_reads_{0};
  std::atomic<uint64_t> loads_{0};
  std::atomic<uint64_t> failed_writes_{0};
  std::atomic<int64_t> oldest_ns_{0};
  std::vector<std::thread> threads_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_LOAD_H_
