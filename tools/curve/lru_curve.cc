#include "tools/curve/lru_curve.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace appcache::curve {
namespace {

uint64_t ThresholdOf(double rate) noexcept {
  assert(rate > 0 && rate <= 1);
  return rate >= 1 ? UINT64_MAX : static_cast<uint64_t>(std::ldexp(rate, 64));
}

}  // namespace

LruCurve::LruCurve(double rate, size_t exact_entries)
    : is_exact_(rate >= 1),
      exact_entries_(exact_entries),
      threshold_(ThresholdOf(rate)),
      tail_(rate),
      parts_(kParts, SampledTail(rate / kParts)) {}

SampledTail& LruCurve::PartOf(uint64_t key) noexcept {
  // The low bits: the high ones have decided that the key is in the sample.
  return parts_[key % kParts];
}

void LruCurve::Request(uint64_t key) {
  ++requests_;
  const size_t above = top_.depth();
  const uint64_t distance = top_.Access(key);
  if (distance == StackDistances::kFirst) {
    ++below_;
    AccessBelow(key, above);
    Demote();
    return;
  }
  if (distance >= counts_.size()) {
    counts_.resize(std::max<size_t>(distance + 1, 2 * counts_.size()), 0);
  }
  ++counts_[distance];
}

void LruCurve::AccessBelow(uint64_t key, size_t above) {
  if (is_exact_ || !IsSampled(key)) return;
  const double missing = static_cast<double>(exact_entries_) -
                         static_cast<double>(std::min(above, exact_entries_));
  tail_.Access(key, missing);
  PartOf(key).Access(key, missing);
}

void LruCurve::Insert(uint64_t key) {
  if (top_.Access(key) != StackDistances::kFirst) return;
  if (!is_exact_ && IsSampled(key)) {
    tail_.Remove(key);
    PartOf(key).Remove(key);
  }
  Demote();
}

void LruCurve::Remove(uint64_t key) {
  top_.Remove(key);
  if (is_exact_ || !IsSampled(key)) return;
  tail_.Remove(key);
  PartOf(key).Remove(key);
}

void LruCurve::Demote() {
  if (!is_exact_ && top_.depth() > exact_entries_) {
    has_tail_ = true;
    const std::optional<uint64_t> key = top_.RemoveDeepest();
    if (key && IsSampled(*key)) {
      tail_.Push(*key);
      PartOf(*key).Push(*key);
    }
  }
  NoteKeys();
}

void LruCurve::NoteKeys() {
  const double below = is_exact_ ? 0 : tail_.keys();
  most_keys_ = std::max(most_keys_, static_cast<double>(top_.size()) + below);
}

double LruCurve::Hits(uint64_t capacity) const {
  const size_t last = std::min<uint64_t>(capacity, counts_.size() - 1);
  uint64_t hits = 0;
  for (size_t i = 1; i <= last; ++i) hits += counts_[i];
  if (is_exact_ || capacity <= exact_entries_) {
    return static_cast<double>(hits);
  }
  const auto depth = static_cast<double>(capacity - exact_entries_);
  return static_cast<double>(hits) +
         static_cast<double>(below_) * tail_.ShareWithin(depth);
}

double LruCurve::HitsError(uint64_t capacity) const {
  if (!has_tail_ || capacity <= exact_entries_) return 0;
  const auto depth = static_cast<double>(capacity - exact_entries_);
  double sum = 0;
  double squares = 0;
  for (const SampledTail& part : parts_) {
    // Nothing is known about a part without requests.
    if (part.accesses() == 0) return static_cast<double>(below_);
    const double share = part.ShareWithin(depth);
    sum += share;
    squares += share * share;
  }
  constexpr double kCount = kParts;
  const double variance =
      std::max(0.0, squares - sum * sum / kCount) / (kCount - 1);
  return static_cast<double>(below_) * std::sqrt(variance / kCount);
}

std::optional<uint64_t> LruCurve::CapacityFor(double hits) const {
  if (hits <= 0) return 0;
  if (most_hits() < hits) return std::nullopt;
  uint64_t least = 0;
  uint64_t most = counts_.size();
  if (!is_exact_) {
    most = std::max<uint64_t>(
        most, exact_entries_ + static_cast<uint64_t>(std::ceil(tail_.depth())));
  }
  while (most - least > 1) {
    const uint64_t middle = least + (most - least) / 2;
    (Hits(middle) < hits ? least : most) = middle;
  }
  return most;
}

}  // namespace appcache::curve
