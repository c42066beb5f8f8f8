#include "engine/policy/reuse_ages.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace appcache::policy {

size_t ReuseAges::BucketOf(double age) noexcept {
  constexpr double kMost = 0x1p47;
  const auto whole = static_cast<uint64_t>(std::clamp(age, 0.0, kMost));
  if (whole < kPerOctave) return whole;
  // The first bit, and the four that follow it.
  const int shift = std::bit_width(whole) - std::bit_width(kPerOctave);
  const auto octave = static_cast<size_t>(shift) + 1;
  return octave * kPerOctave + (whole >> shift) - kPerOctave;
}

double ReuseAges::BucketBegin(size_t bucket) noexcept {
  if (bucket < kPerOctave) return static_cast<double>(bucket);
  const size_t octave = bucket / kPerOctave;
  return std::ldexp(static_cast<double>(kPerOctave + bucket % kPerOctave),
                    static_cast<int>(octave) - 1);
}

void ReuseAges::AddHit(double age, double weight) noexcept {
  hit_ages_[BucketOf(age)] += weight;
  hits_ += weight;
}

void ReuseAges::AddMiss(double age, double weight) noexcept {
  miss_ages_[BucketOf(age)] += weight;
  known_misses_ += weight;
}

void ReuseAges::AddFirstMiss(double weight) noexcept {
  known_misses_ += weight;
}

void ReuseAges::AddUnknownMiss(double weight) noexcept {
  unknown_misses_ += weight;
}

void ReuseAges::Scale(double factor) noexcept {
  assert(factor > 0);
  for (double& weight : hit_ages_) weight *= factor;
  for (double& weight : miss_ages_) weight *= factor;
  hits_ *= factor;
  known_misses_ *= factor;
  unknown_misses_ *= factor;
}

double ReuseAges::requests() const noexcept {
  return hits_ + known_misses_ + unknown_misses_;
}

double ReuseAges::HitRatio(double entries) const noexcept {
  const double total = requests();
  if (total <= 0) return 0;
  const double per_known =
      known_misses_ > 0 ? 1 + unknown_misses_ / known_misses_ : 1;
  double older = total;  // the requests whose age is not below the bucket
  double filled = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const double here = hit_ages_[bucket] + miss_ages_[bucket] * per_known;
    const double width = BucketBegin(bucket + 1) - BucketBegin(bucket);
    const double area = width * (older - here / 2) / total;
    if (filled + area >= entries) {
      older -= here * (entries - filled) / area;
      break;
    }
    filled += area;
    older -= here;
  }
  return std::clamp(1 - older / total, 0.0, 1.0);
}

}  // namespace appcache::policy
