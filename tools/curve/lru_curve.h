// LruCurve: how many requests of a trace an exact LRU of any capacity hits.

#ifndef APPCACHE_TOOLS_CURVE_LRU_CURVE_H_
#define APPCACHE_TOOLS_CURVE_LRU_CURVE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/curve/stack_distances.h"

namespace appcache::curve {

// Exact, or of a sample of the keys (SHARDS: Waldspurger, Park, Garthwaite and
// Ahmad, "Efficient MRC construction with SHARDS", FAST 2015, with fixed rate
// and the adjustment of its section 3.3). A key is in the sample, with all its
// requests, if its hash is below a threshold; a distance among sampled keys is
// then one of 1/rate times as many keys.
//
// Not thread-safe. Functions may throw std::bad_alloc.
class LruCurve {
 public:
  // REQUIRES: 0 < rate <= 1. With 1, the curve is exact.
  explicit LruCurve(double rate = 1);

  // The next request. `key` must be spread over all 64 bits (a hash).
  void Request(uint64_t key);

  uint64_t requests() const noexcept { return requests_; }
  // Distinct keys, and the requests that are hits without a limit: estimates,
  // when sampled.
  double keys() const noexcept;
  double most_hits() const { return Hits(kUnlimited); }

  static constexpr uint64_t kUnlimited = UINT64_MAX;
  // The requests that an LRU of so many entries hits. An integer when exact.
  double Hits(uint64_t capacity) const;

  // The smallest capacity with that many hits; none when no capacity has.
  std::optional<uint64_t> CapacityFor(double hits) const;

 private:
  // What to add to the hits of every capacity: the sample has more or fewer
  // requests than its rate says, mostly of the most frequent keys.
  double Adjustment() const noexcept;

  const double rate_;
  const uint64_t threshold_;
  StackDistances distances_;
  uint64_t requests_ = 0;
  uint64_t sampled_ = 0;
  // How many sampled requests have this distance.
  std::vector<uint64_t> counts_{0};
};

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_LRU_CURVE_H_
