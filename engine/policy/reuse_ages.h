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

// Not thread-safe. 23 KiB, and no allocation. Weights are positive.
class ReuseAges {
 public:
  // What the cache knows of a request depends on its kind.
  enum class Kind {
    kHit,     // with a known age
    kOldHit,  // a hit of a key that was not requested lately
    kMiss,
    kExpired,  // a miss at every size
  };
  // A request whose age is known, of a key of which such requests are known at
  // all: one of `keys` that are not, because few are remembered.
  void Add(Kind kind, double age, double weight, double keys = 1) noexcept;
  // The same of a key that was not requested before, or longer ago than any
  // size would keep it.
  void AddFirst(Kind kind, double weight, double keys = 1) noexcept;
  // A request of another key. It is thought to be like those that are known.
  void AddUnknown(Kind kind, double weight) noexcept;

  // Multiplies all weights.
  void Scale(double factor) noexcept;

  // False if there are requests of a kind of which none is known: then there is
  // nothing to conclude from.
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
    double weight = 0;  // of all
    // Of those that are known, times `keys`: together about the same.
    double known = 0;
    std::array<double, kBuckets> by_age{};
  };
  static constexpr size_t kKinds = 4;

  static size_t BucketOf(double age) noexcept;
  static double BucketBegin(size_t bucket) noexcept;
  Requests& Of(Kind kind) noexcept {
    return requests_[static_cast<size_t>(kind)];
  }

  std::array<Requests, kKinds> requests_{};
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_REUSE_AGES_H_
