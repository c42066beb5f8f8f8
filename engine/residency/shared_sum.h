// SharedSum: a sum over all shards, to which a shard seldom writes.
//
// A line that every set writes moves between processors with every set. So a
// shard takes some of the sum in advance, and later counts without touching the
// sum. The sum is therefore an upper bound of what the shards have counted; it
// is above that by at most an eighth of its limit.
//
// Where that is too coarse, because the limit is near, the sum is made exact:
// the shards return what they have in advance, and take no more until the sum
// has fallen to half its limit.

#ifndef APPCACHE_ENGINE_RESIDENCY_SHARED_SUM_H_
#define APPCACHE_ENGINE_RESIDENCY_SHARED_SUM_H_

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <limits>

namespace appcache::residency {

// Thread-safe.
class SharedSum {
 public:
  static constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  // Of at most this many shards.
  static constexpr int64_t kMaxParts = 64;

  // What one shard has in advance. Guarded by its lock.
  class Part {
   public:
    int64_t in_advance() const noexcept { return in_advance_; }

   private:
    friend class SharedSum;
    int64_t in_advance_ = 0;
  };

  explicit SharedSum(int64_t limit) noexcept
      : limit_(limit), step_(limit / (8 * 2 * kMaxParts)) {
    assert(limit >= 0);
  }
  SharedSum(const SharedSum&) = delete;
  SharedSum& operator=(const SharedSum&) = delete;

  int64_t limit() const noexcept { return limit_; }

  // Not less than what was counted.
  int64_t upper_bound() const noexcept {
    return total_.load(std::memory_order_relaxed);
  }
  bool HasRoom(int64_t delta) const noexcept {
    return upper_bound() + delta <= limit_;
  }
  bool is_exact() const noexcept {
    return is_exact_.load(std::memory_order_relaxed);
  }

  // --- REQUIRES, of these: the lock of the part's shard is held.

  // Counts, whatever the limit.
  void Add(Part& part, int64_t delta) noexcept {
    part.in_advance_ -= delta;
    if (part.in_advance_ >= 0 && part.in_advance_ <= 2 * step()) return;
    Settle(part);
    if (delta < 0 && is_exact() && upper_bound() <= limit_ / 2) EndExact();
  }

  // Counts if the sum is then at most the limit, or smaller than it was. False:
  // it may be that other shards have too much in advance, unless is_exact().
  bool TryAdd(Part& part, int64_t delta) noexcept {
    if (delta > part.in_advance_) return TryTake(part, delta);
    Add(part, delta);
    return true;
  }

  // Returns what a part has in advance if the sum is exact, or takes some.
  void Settle(Part& part) noexcept;

  // --- Exactness.

  // The sum will be exact as soon as Settle was called for every part. False:
  // it was exact before.
  bool BeginExact() noexcept {
    return !is_exact_.exchange(true, std::memory_order_relaxed);
  }

 private:
  // What a shard takes in advance.
  int64_t step() const noexcept { return is_exact() ? 0 : step_; }
  void EndExact() noexcept {
    is_exact_.store(false, std::memory_order_relaxed);
  }
  bool TryTake(Part& part, int64_t delta) noexcept;

  const int64_t limit_;
  const int64_t step_;
  std::atomic<bool> is_exact_{false};
  alignas(64) std::atomic<int64_t> total_{0};
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SHARED_SUM_H_
