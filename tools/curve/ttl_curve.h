// TtlCurve: an LruCurve of a cache whose entries expire.

#ifndef APPCACHE_TOOLS_CURVE_TTL_CURVE_H_
#define APPCACHE_TOOLS_CURVE_TTL_CURVE_H_

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/curve/lru_curve.h"

namespace appcache::curve {

// An access after the expiry is a miss at every capacity, and an entry that has
// expired takes no room. The ttl counts from the set, or the request that was a
// miss without a limit. (A cache with a limit may have evicted the key and
// loaded it again since, so it may hit a few requests more.)
//
// Times and ttls have any unit. Not thread-safe. Functions may throw
// std::bad_alloc. Memory beyond the LruCurve: about 100 bytes a key that has
// not expired, also with a sample.
class TtlCurve {
 public:
  explicit TtlCurve(double rate = 1) : curve_(rate) {}

  // As those of LruCurve, at a time. A ttl of 0: the entry does not expire. An
  // earlier time than that of a call before counts as that one.
  void Request(uint64_t key, int64_t now, int64_t ttl);
  void Insert(uint64_t key, int64_t now, int64_t ttl);
  void Remove(uint64_t key, int64_t now);

  const LruCurve& curve() const noexcept { return curve_; }

  // How many expiries it keeps, of present and of former entries: about twice
  // as many as keys that have not expired, and kMostStale, at most.
  size_t expiries() const noexcept { return order_.size(); }
  static constexpr size_t kMostStale = 1024;

 private:
  static constexpr int64_t kNever = INT64_MAX;

  // Removes what has expired at this time.
  void Advance(int64_t now);
  // Leaves out those that are no longer in expiries_.
  void RebuildOrder();
  void SetExpiry(uint64_t key, int64_t ttl);

  LruCurve curve_;
  int64_t now_ = INT64_MIN;
  std::unordered_map<uint64_t, int64_t> expiries_;  // of all keys
  // A heap, the first to expire in front. Those that are no longer in expiries_
  // are left out when they reach it, or when there are too many of them.
  using Expiry = std::pair<int64_t, uint64_t>;
  std::vector<Expiry> order_;
};

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_TTL_CURVE_H_
