// ReuseAges: from how long ago keys were last requested, the share of requests
// that an LRU of any size hits.
//
// The age of a request is the number of requests since the previous one of its
// key. An LRU of n entries holds what was requested in the last A(n) requests,
// and hits the requests whose age is at most A(n). On average, a place of the
// stack of an LRU moves on by P(t), the share of requests whose age is above t,
// when t requests have passed, so A(n) follows from
//
//     n = integral of P(t) from 0 to A(n)
//
// (X. Hu, X. Wang, L. Zhou, Y. Luo, C. Ding and Z. Wang, "Kinetic modeling of
// data eviction in cache", USENIX ATC 2016). It needs ages only, no distinct
// keys, so that a sample of the requests is enough, and a key that is requested
// often weighs no more than its requests.

#ifndef APPCACHE_ENGINE_POLICY_REUSE_AGES_H_
#define APPCACHE_ENGINE_POLICY_REUSE_AGES_H_

#include <array>
#include <cstddef>

namespace appcache::policy {

// Not thread-safe. 11 KiB, and no allocation. Weights are positive.
class ReuseAges {
 public:
  // A hit of the cache, whose age is known.
  void AddHit(double age, double weight) noexcept;

  // A miss. An evicted key that is still remembered has an age. Of keys that
  // are not remembered on purpose, nothing is known: they are thought to have
  // the ages of the others.
  void AddMiss(double age, double weight) noexcept;
  void AddFirstMiss(double weight) noexcept;
  void AddUnknownMiss(double weight) noexcept;

  // Multiplies all weights.
  void Scale(double factor) noexcept;

  double hits() const noexcept { return hits_; }
  double requests() const noexcept;

  // The share of requests that an LRU of so many entries hits; 0 without
  // requests.
  double HitRatio(double entries) const noexcept;

 private:
  // Ages below 16 have a bucket each, and every further octave has 16.
  static constexpr size_t kPerOctave = 16;
  static constexpr size_t kOctaves = 44;
  static constexpr size_t kBuckets = kPerOctave * (kOctaves + 1);
  using Weights = std::array<double, kBuckets>;

  static size_t BucketOf(double age) noexcept;
  static double BucketBegin(size_t bucket) noexcept;

  Weights hit_ages_{};
  Weights miss_ages_{};
  double hits_ = 0;
  double known_misses_ = 0;
  double unknown_misses_ = 0;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_REUSE_AGES_H_
