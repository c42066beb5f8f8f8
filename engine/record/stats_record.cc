#include "engine/record/stats_record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>

#include "engine/support/test_point.h"

namespace appcache::internal {
namespace {

constexpr std::array kCounters = {&CacheStats::hits,
                                  &CacheStats::misses,
                                  &CacheStats::read_errors,
                                  &CacheStats::sets,
                                  &CacheStats::invalidations,
                                  &CacheStats::write_errors,
                                  &CacheStats::loads,
                                  &CacheStats::load_failures,
                                  &CacheStats::loads_shared,
                                  &CacheStats::negative_hits,
                                  &CacheStats::stale_served,
                                  &CacheStats::refreshes,
                                  &CacheStats::loads_timed_out,
                                  &CacheStats::lock_waits};

constexpr std::array kOptional = {
    &CacheStats::evictions,        &CacheStats::expirations,
    &CacheStats::entries,          &CacheStats::bytes,
    &CacheStats::flush_failures,   &CacheStats::database_memory_bytes,
    &CacheStats::log_memory_bytes, &CacheStats::directory_bytes,
    &CacheStats::resident_bytes,   &CacheStats::pending_bytes,
    &CacheStats::retired_bytes};

static_assert(kCounters.size() ==
              std::tuple_size_v<decltype(StatsRecord::counters)>);
static_assert(kOptional.size() ==
              std::tuple_size_v<decltype(StatsRecord::optional)>);
constexpr uint64_t kHasCurve = uint64_t{1} << kOptional.size();

using Words = std::array<uint64_t, StatsSlot::kWords>;

uint64_t ChecksumOf(const Words& words) noexcept {
  return XXH3_64bits(words.data(), sizeof(words));
}

Status CorruptSlot() {
  return Status(ErrorCode::kCorrupt,
                "the statistics in the recorder file are damaged");
}

// At most `size` bytes of `text`, whole characters if it is UTF-8.
size_t CutSize(std::string_view text, size_t size) noexcept {
  if (text.size() <= size) return text.size();
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return size;
}

template <size_t kSize>
uint64_t SetText(std::string_view text,
                 std::array<char, kSize>& field) noexcept {
  const size_t size = CutSize(text, kSize);
  field = {};
  std::copy_n(text.begin(), size, field.begin());
  return size;
}

bool IsRatio(double ratio) noexcept { return ratio >= 0 && ratio <= 1; }

}  // namespace

void SetNames(const CacheNames& names, StatsRecord& record) noexcept {
  record.backend_bytes = SetText(names.backend, record.backend);
  record.prefix_bytes = SetText(names.prefix, record.prefix);
  record.location_bytes = SetText(names.location, record.location);
}

void SetStats(const CacheStats& stats, StatsRecord& record) noexcept {
  for (size_t i = 0; i < kCounters.size(); ++i) {
    record.counters[i] = stats.*kCounters[i];
  }
  record.known = 0;
  for (size_t i = 0; i < kOptional.size(); ++i) {
    const std::optional<uint64_t>& figure = stats.*kOptional[i];
    record.optional[i] = figure.value_or(0);
    if (figure) record.known |= uint64_t{1} << i;
  }
  const HitRatioCurve curve = stats.hit_ratio_curve.value_or(HitRatioCurve());
  if (stats.hit_ratio_curve) record.known |= kHasCurve;
  record.curve_entries = curve.entries;
  record.curve_samples = curve.samples;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    record.hit_ratios[i] = curve.points[i].hit_ratio;
  }
}

Status CheckRecord(const StatsRecord& record) {
  const bool is_sound =
      record.known < 2 * kHasCurve &&
      record.backend_bytes <= record.backend.size() &&
      record.prefix_bytes <= record.prefix.size() &&
      record.location_bytes <= record.location.size() &&
      std::all_of(record.hit_ratios.begin(), record.hit_ratios.end(), IsRatio);
  return is_sound ? Status() : CorruptSlot();
}

CacheNames NamesOf(const StatsRecord& record) {
  return {{record.backend.data(), record.backend_bytes},
          {record.prefix.data(), record.prefix_bytes},
          {record.location.data(), record.location_bytes}};
}

CacheStats StatsOf(const StatsRecord& record) noexcept {
  CacheStats stats;
  for (size_t i = 0; i < kCounters.size(); ++i) {
    stats.*kCounters[i] = record.counters[i];
  }
  for (size_t i = 0; i < kOptional.size(); ++i) {
    if ((record.known >> i & 1) != 0) stats.*kOptional[i] = record.optional[i];
  }
  if ((record.known & kHasCurve) == 0) return stats;
  HitRatioCurve& curve = stats.hit_ratio_curve.emplace();
  curve.entries = record.curve_entries;
  curve.samples = record.curve_samples;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    curve.points[i] = {HitRatioCurve::kScales[i], record.hit_ratios[i]};
  }
  return stats;
}

// Each store releases, and each load acquires: who sees a new word sees the odd
// version that was stored before it, and finds the version changed at the end.
void StoreRecord(const StatsRecord& record, StatsSlot& slot) noexcept {
  constexpr auto kRelease = std::memory_order_release;
  const auto words = std::bit_cast<Words>(record);
  const uint64_t odd = slot.version.load(std::memory_order_relaxed) | 1;
  slot.version.store(odd, kRelease);
  for (size_t i = 0; i < words.size(); ++i) {
    slot.words[i].store(words[i], kRelease);
    if (i == words.size() / 2) TestPoint("stats half written");
  }
  slot.checksum.store(ChecksumOf(words), kRelease);
  slot.version.store(odd + 1, kRelease);
}

Status LoadRecord(const StatsSlot& slot, StatsRecord& record) {
  constexpr auto kAcquire = std::memory_order_acquire;
  Words words;
  const uint64_t version = slot.version.load(kAcquire);
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = slot.words[i].load(kAcquire);
  }
  const uint64_t checksum = slot.checksum.load(kAcquire);
  if (version % 2 != 0 ||
      slot.version.load(std::memory_order_relaxed) != version) {
    return Status(ErrorCode::kBusy,
                  "the statistics in the recorder file change");
  }
  if (checksum != ChecksumOf(words)) return CorruptSlot();
  record = std::bit_cast<StatsRecord>(words);
  return CheckRecord(record);
}

}  // namespace appcache::internal
