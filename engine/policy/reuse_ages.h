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

// Not thread-safe. 17 KiB, and no allocation. Weights are positive.
class ReuseAges {
 public:
  // What the cache knows of a request depends on its kind.
  enum class Kind {
    kHit,     // with a known age
    kOldHit,  // a hit of a key that was not requested lately
    kMiss,
  };
  // A request whose age is known.
  void Add(Kind kind, double age, double weight) noexcept;
  // One of a key that was not requested before, or longer ago than any size
  // would keep it.
  void AddFirst(Kind kind, double weight) noexcept;
  // One of which nothing is known, because few keys are remembered. It is
  // thought to be like the others of its kind.
  void AddUnknown(Kind kind, double weight) noexcept;

  // Multiplies all weights.
  void Scale(double factor) noexcept;

  // False if there are requests of a kind of which all are unknown: then there
  // is nothing to conclude from.
  bool has_ages() const noexcept;

  double hits() const noexcept;
  double requests() const noexcept;

  // The share of requests that an LRU of so many entries hits; 0 without
  // requests.
  double HitRatio(double entries) const noexcept;

 private:
  // Ages below 16 have a bucket each, and every further octave has 16.
  static constexpr size_t kPerOctave = 16;
  static constexpr size_t kOctaves = 44;
  static constexpr size_t kBuckets = kPerOctave * (kOctaves + 1);

  struct Requests {
    std::array<double, kBuckets> by_age{};
    double known = 0;  // with those that are the first
    double unknown = 0;
  };
  static constexpr size_t kKinds = 3;

  static size_t BucketOf(double age) noexcept;
  static double BucketBegin(size_t bucket) noexcept;
  static double WeightOf(const Requests& requests) noexcept {
    return requests.known + requests.unknown;
  }

  Requests& Of(Kind kind) noexcept {
    return requests_[static_cast<size_t>(kind)];
  }

  std::array<Requests, kKinds> requests_{};
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_REUSE_AGES_H_
