#include "tools/curve/lru_curve.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace appcache::curve {
namespace {

// Hashes below it are in the sample.
uint64_t ThresholdOf(double rate) noexcept {
  assert(rate > 0 && rate <= 1);
  return rate >= 1 ? UINT64_MAX : static_cast<uint64_t>(std::ldexp(rate, 64));
}

}  // namespace

LruCurve::LruCurve(double rate) : rate_(rate), threshold_(ThresholdOf(rate)) {}

void LruCurve::Request(uint64_t key) {
  ++requests_;
  if (rate_ < 1 && key >= threshold_) return;
  ++sampled_;
  const uint64_t distance = distances_.Access(key);
  if (distance == StackDistances::kFirst) return;
  if (distance >= counts_.size()) {
    counts_.resize(std::max<size_t>(distance + 1, 2 * counts_.size()), 0);
  }
  ++counts_[distance];
}

double LruCurve::keys() const noexcept {
  return static_cast<double>(distances_.size()) / rate_;
}

double LruCurve::Adjustment() const noexcept {
  return static_cast<double>(requests_) * rate_ - static_cast<double>(sampled_);
}

double LruCurve::Hits(uint64_t capacity) const {
  if (capacity == 0) return 0;
  const double reached = std::floor(static_cast<double>(capacity) * rate_);
  uint64_t hits = 0;
  for (size_t i = 1; i < counts_.size(); ++i) {
    if (static_cast<double>(i) > reached) break;
    hits += counts_[i];
  }
  if (rate_ >= 1) return static_cast<double>(hits);
  const double all = (static_cast<double>(hits) + Adjustment()) / rate_;
  return std::clamp(all, 0.0, static_cast<double>(requests_));
}

std::optional<uint64_t> LruCurve::CapacityFor(double hits) const {
  if (hits <= 0) return 0;
  if (most_hits() < hits) return std::nullopt;
  uint64_t least = 0;
  auto most = static_cast<uint64_t>(
      std::ceil(static_cast<double>(counts_.size()) / rate_));
  while (most - least > 1) {
    const uint64_t middle = least + (most - least) / 2;
    (Hits(middle) < hits ? least : most) = middle;
  }
  return most;
}

}  // namespace appcache::curve
