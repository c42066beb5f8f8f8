#include "tools/command/stats/stats_rates.h"

#include <chrono>
#include <cmath>
#include <cstdint>

namespace appcache::command {
namespace {

// The growth per second, rounded to tenths.
std::optional<double> Rate(const StatsView& view, std::optional<uint64_t> now,
                           std::optional<uint64_t> before) {
  if (view.before == nullptr || !now || !before) return std::nullopt;
  const std::chrono::duration<double> time =
      view.now.taken - view.before->taken;
  if (time.count() <= 0) return std::nullopt;
  const double rate =
      (static_cast<double>(*now) - static_cast<double>(*before)) / time.count();
  return std::round(rate * 10) / 10;
}

}  // namespace

std::optional<double> EntriesRate(const StatsView& view) {
  if (view.before == nullptr) return std::nullopt;
  return Rate(view, view.now.stats.entries, view.before->stats.entries);
}

std::optional<double> BytesRate(const StatsView& view) {
  if (view.before == nullptr) return std::nullopt;
  return Rate(view, view.now.stats.bytes, view.before->stats.bytes);
}

std::optional<double> HitPercent(const CacheStats& stats) {
  const uint64_t reads = stats.hits + stats.misses;
  if (reads == 0) return std::nullopt;
  return 100 * static_cast<double>(stats.hits) / static_cast<double>(reads);
}

std::optional<double> ReadsRate(const StatsView& view) {
  const auto reads = [](const StatsSample& sample) -> std::optional<uint64_t> {
    if (!sample.program || !sample.answer.ok()) return std::nullopt;
    return sample.stats.hits + sample.stats.misses;
  };
  if (view.before == nullptr) return std::nullopt;
  const std::optional<double> rate =
      Rate(view, reads(view.now), reads(*view.before));
  return rate && *rate >= 0 ? rate : std::nullopt;
}

std::optional<double> ChangesRate(const StatsView& view) {
  if (view.before == nullptr || !view.before->tier) return std::nullopt;
  return Rate(view, view.now.tier->changes_notified,
              view.before->tier->changes_notified);
}

}  // namespace appcache::command
