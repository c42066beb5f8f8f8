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

void ReuseAges::Add(Kind kind, double age, double weight,
                    double keys) noexcept {
  Of(kind).by_age[BucketOf(age)] += weight * keys;
  AddFirst(kind, weight, keys);
}

void ReuseAges::AddFirst(Kind kind, double weight, double keys) noexcept {
  Of(kind).weight += weight;
  Of(kind).known += weight * keys;
}

void ReuseAges::AddUnknown(Kind kind, double weight) noexcept {
  Of(kind).weight += weight;
}

void ReuseAges::Scale(double factor) noexcept {
  assert(factor > 0);
  for (Requests& requests : requests_) {
    requests.weight *= factor;
    requests.known *= factor;
    for (double& weight : requests.by_age) weight *= factor;
  }
}

bool ReuseAges::has_ages() const noexcept {
  return std::none_of(requests_.begin(), requests_.end(),
                      [](const Requests& requests) {
                        return requests.known == 0 && requests.weight > 0;
                      });
}

double ReuseAges::hits() const noexcept {
  return requests_[static_cast<size_t>(Kind::kHit)].weight +
         requests_[static_cast<size_t>(Kind::kOldHit)].weight;
}

double ReuseAges::requests() const noexcept {
  double sum = 0;
  for (const Requests& requests : requests_) sum += requests.weight;
  return sum;
}

double ReuseAges::HitRatio(double entries) const noexcept {
  const double total = requests();
  if (total <= 0) return 0;
  std::array<double, kKinds> per_known;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    const Requests& requests = requests_[kind];
    per_known[kind] = requests.known > 0 ? requests.weight / requests.known : 1;
  }
  double older = total;  // the requests whose age is not below the bucket
  double filled = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    double here = 0;
    for (size_t kind = 0; kind < kKinds; ++kind) {
      here += requests_[kind].by_age[bucket] * per_known[kind];
    }
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
