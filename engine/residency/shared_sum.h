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

#include <atomic>
#include <cassert>
#include <cstdint>
#include <limits>
#include <utility>

namespace appcache::residency {

// Thread-safe.
class SharedSum {
 public:
  static constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  // The step is chosen for at most so many parts.
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
  // Whether shards take nothing in advance.
  bool is_exact() const noexcept {
    return precision_.load(std::memory_order_relaxed) != Precision::kCoarse;
  }

  // --- REQUIRES, of these: the lock of the part's shard is held.

  // Counts, whatever the limit.
  void Add(Part& part, int64_t delta) noexcept {
    if (delta == 0) return;  // without writing
    part.in_advance_ -= delta;
    if (part.in_advance_ >= 0 && part.in_advance_ <= 2 * step()) return;
    Settle(part);
    if (delta < 0 && is_exact() && upper_bound() <= limit_ / 2) EndExact();
  }

  // Counts if the sum is then at most the limit, or smaller than it was. False:
  // other shards may have too much in advance.
  bool TryAdd(Part& part, int64_t delta) noexcept {
    if (delta > part.in_advance_) return TryTake(part, delta);
    Add(part, delta);
    return true;
  }

  // Brings what the part has in advance to one step, or to nothing while the
  // sum is exact.
  void Settle(Part& part) noexcept;

  // Returns what the part has in advance.
  void ReturnAdvance(Part& part) noexcept {
    if (part.in_advance_ == 0) return;
    total_.fetch_sub(std::exchange(part.in_advance_, 0),
                     std::memory_order_relaxed);
  }

  // --- To make the sum exact: BeginExact, Settle for every part, FinishExact.

  void BeginExact() noexcept { SetPrecision(Precision::kSettling); }
  void FinishExact() noexcept { SetPrecision(Precision::kExact); }

 private:
  enum class Precision : uint8_t { kCoarse, kSettling, kExact };

  // What a shard takes in advance.
  int64_t step() const noexcept { return is_exact() ? 0 : step_; }
  void SetPrecision(Precision precision) noexcept {
    precision_.store(precision, std::memory_order_relaxed);
  }
  void EndExact() noexcept {
    Precision exact = Precision::kExact;  // not while parts are being settled
    precision_.compare_exchange_strong(exact, Precision::kCoarse,
                                       std::memory_order_relaxed);
  }
  bool TryTake(Part& part, int64_t delta) noexcept;

  const int64_t limit_;
  const int64_t step_;
  std::atomic<Precision> precision_{Precision::kCoarse};
  alignas(64) std::atomic<int64_t> total_{0};
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SHARED_SUM_H_
