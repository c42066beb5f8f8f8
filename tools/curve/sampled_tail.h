// SampledTail: the part of an LRU stack below its first entries, seen by a
// sample of the keys.

#ifndef APPCACHE_TOOLS_CURVE_SAMPLED_TAIL_H_
#define APPCACHE_TOOLS_CURVE_SAMPLED_TAIL_H_

#include <cstdint>
#include <vector>

#include "tools/curve/stack_distances.h"

namespace appcache::curve {

// One of 1/rate keys is in the sample, so the depth among the sampled keys is
// the real one, times the rate. Depths count from 1 at the top of the tail.
//
// Not thread-safe. Functions may throw std::bad_alloc.
class SampledTail {
 public:
  // REQUIRES: 0 < rate < 1.
  explicit SampledTail(double rate) : rate_(rate) {}

  // A sampled key enters the tail at its top.
  void Push(uint64_t key) { stack_.Access(key); }

  // A sampled key is accessed that is not above the tail. If it is in the tail,
  // it leaves it. `missing`: how many entries less than usual are above the
  // tail.
  void Access(uint64_t key, double missing);
  // The same without an access that counts.
  void Remove(uint64_t key) { stack_.Take(key); }

  // The estimated number of keys in the tail.
  double keys() const noexcept {
    return static_cast<double>(stack_.size()) / rate_;
  }
  uint64_t accesses() const noexcept { return accesses_; }
  // The share of the accesses that were at most so deep. 0 without accesses.
  double ShareWithin(double depth) const;
  // The largest depth of an access.
  double depth() const noexcept {
    return static_cast<double>(counts_.size()) / rate_;
  }

 private:
  const double rate_;
  StackDistances stack_;
  uint64_t accesses_ = 0;
  // How many accesses had this depth among the sampled keys.
  std::vector<uint64_t> counts_{0};
};

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_SAMPLED_TAIL_H_
