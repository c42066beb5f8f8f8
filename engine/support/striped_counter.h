// StripedCounter: a counter that many threads increment often.

#ifndef APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_
#define APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace appcache::internal {

// Thread-safe. Each of the first threads of a process has a cache line of its
// own; later ones share them.
class StripedCounter {
 public:
  void Increment() noexcept { Add(1); }
  void Add(uint64_t count) noexcept {
    stripes_[StripeOfThisThread()].count.fetch_add(count,
                                                   std::memory_order_relaxed);
  }

  uint64_t Sum() const noexcept {
    uint64_t sum = 0;
    for (const Stripe& stripe : stripes_) {
      sum += stripe.count.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  static constexpr size_t kStripes = 16;

  struct alignas(64) Stripe {
    std::atomic<uint64_t> count{0};
  };

  static size_t StripeOfThisThread() noexcept {
    static constinit std::atomic<size_t> threads{0};
    static constinit thread_local size_t stripe = kStripes;
    if (stripe == kStripes) [[unlikely]] {
      stripe = threads.fetch_add(1, std::memory_order_relaxed) % kStripes;
    }
    return stripe;
  }

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_
