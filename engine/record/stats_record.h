// StatsRecord: the statistics of a cache as they are in a StatsSlot.

#ifndef APPCACHE_ENGINE_RECORD_STATS_RECORD_H_
#define APPCACHE_ENGINE_RECORD_STATS_RECORD_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "appcache/error.h"
#include "appcache/stats.h"
#include "engine/record/recorder_layout.h"

namespace appcache::internal {

// The names of a cache in reports. Longer names are cut to what a slot can
// hold.
struct CacheNames {
  std::string backend;   // BackendTraits::name
  std::string prefix;    // CacheOptions::prefix
  std::string location;  // BackendTraits::location
};

// Consists of 64-bit words.
struct StatsRecord {
  uint64_t question = 0;  // the last that was answered; 0: none was
  // Bit i: the optional figure i is known; the bit after them: the curve is.
  uint64_t known = 0;
  std::array<uint64_t, 14> counters{};
  std::array<uint64_t, 11> optional{};
  uint64_t curve_entries = 0;
  uint64_t curve_samples = 0;
  std::array<double, HitRatioCurve::kScales.size()> hit_ratios{};
  uint64_t backend_bytes = 0;
  uint64_t prefix_bytes = 0;
  uint64_t location_bytes = 0;
  std::array<char, 32> backend{};
  std::array<char, 160> prefix{};
  std::array<char, 512> location{};
};
static_assert(sizeof(StatsRecord) == StatsSlot::kWords * sizeof(uint64_t));
static_assert(std::is_trivially_copyable_v<StatsRecord>);

void SetNames(const CacheNames& names, StatsRecord& record) noexcept;
void SetStats(const CacheStats& stats, StatsRecord& record) noexcept;

// kCorrupt when the record has what the functions above do not write.
Status CheckRecord(const StatsRecord& record);
// REQUIRES: CheckRecord(record).ok().
CacheNames NamesOf(const StatsRecord& record);
CacheStats StatsOf(const StatsRecord& record) noexcept;

// Replaces the record of a slot. One call at a time.
void StoreRecord(const StatsRecord& record, StatsSlot& slot) noexcept;
// kBusy while the record changes, and when its owner was killed in the middle
// of that; kCorrupt when it is damaged.
Status LoadRecord(const StatsSlot& slot, StatsRecord& record);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_STATS_RECORD_H_
