// LruCurve: how many requests of a trace an exact LRU of any capacity hits.

#ifndef APPCACHE_TOOLS_CURVE_LRU_CURVE_H_
#define APPCACHE_TOOLS_CURVE_LRU_CURVE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/curve/sampled_tail.h"
#include "tools/curve/stack_distances.h"

namespace appcache::curve {

// Exact, or with bounded memory: exact for capacities up to `exact_entries`,
// and estimated beyond that from a sample of the keys.
//
// The sample is that of SHARDS (Waldspurger, Park, Garthwaite and Ahmad,
// "Efficient MRC construction with SHARDS", FAST 2015): a key is in it, with
// all its requests, if its hash is below a threshold. Alone, it is wrong by
// several points for a trace of few and skewed keys, because it has some of the
// most frequent keys or has not, and because a small capacity is that of very
// few sampled keys. Here the first entries of the LRU stack, where the frequent
// keys are, are followed exactly; and of the requests that go deeper, whose
// number is known, the sample says only how deep they go.
//
// Entries that are removed are exact up to `exact_entries`, too: they leave
// holes (stack_distances.h). In the sample they leave none, so with many
// removals it says a few hits too many.
//
// The sample is also split into kParts independent parts, each of which gives
// an estimate of its own. How they differ is the standard error.
//
// Not thread-safe. Functions may throw std::bad_alloc. A request costs
// O(log n) for n entries that are followed. Memory: about 80 bytes for each.
class LruCurve {
 public:
  static constexpr size_t kExactEntries = 16'384;
  static constexpr size_t kParts = 8;

  // REQUIRES: 0 < rate <= 1. With 1, the curve is exact for all capacities.
  explicit LruCurve(double rate = 1, size_t exact_entries = kExactEntries);

  // In all functions, `key` must be spread over all 64 bits (a hash).

  // The next request. A key that is missing is inserted.
  void Request(uint64_t key);
  // Inserts the key, or makes it the most recently used one. Not a request.
  void Insert(uint64_t key);
  void Remove(uint64_t key);

  uint64_t requests() const noexcept { return requests_; }
  // The most keys at a time that a cache without a limit holds: all different
  // ones, if none is removed. An estimate when sampled.
  double keys() const noexcept { return most_keys_; }
  double most_hits() const { return Hits(kUnlimited); }

  static constexpr uint64_t kUnlimited = UINT64_MAX;
  // The requests that an LRU of so many entries hits. An integer when exact.
  double Hits(uint64_t capacity) const;
  // The standard error of Hits: 0 when exact.
  double HitsError(uint64_t capacity) const;

  // The smallest capacity with that many hits; none when no capacity has.
  std::optional<uint64_t> CapacityFor(double hits) const;

 private:
  bool IsSampled(uint64_t key) const noexcept { return key < threshold_; }
  SampledTail& PartOf(uint64_t key) noexcept;
  // A key is accessed that was not in top_, which had `above` entries.
  void AccessBelow(uint64_t key, size_t above);
  // Moves the last entry of top_ to the tail if top_ has too many.
  void Demote();
  void NoteKeys();

  const bool is_exact_;
  const size_t exact_entries_;
  const uint64_t threshold_;  // hashes below it are in the sample
  StackDistances top_;
  SampledTail tail_;
  std::vector<SampledTail> parts_;  // of tail_
  uint64_t requests_ = 0;
  bool has_tail_ = false;  // an entry was moved there
  uint64_t below_ = 0;     // requests that did not find their key in top_
  double most_keys_ = 0;
  // How many requests have this distance within top_.
  std::vector<uint64_t> counts_{0};
};

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_LRU_CURVE_H_
