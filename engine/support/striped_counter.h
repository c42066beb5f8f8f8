// StripedCounter: a counter that many threads increment often.

#ifndef APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_
#define APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace appcache::internal {

// Thread-safe. Each of the first threads of a process has a stripe of its own,
// which it increments without an atomic addition; later ones share the others.
// REQUIRES: all code that increments a counter is in one shared library. In
// another library, which has a StripeOfThisThread of its own, the threads have
// other stripes.
class StripedCounter {
 private:
  static constexpr size_t kOwned = 16;
  static constexpr size_t kShared = 16;

 public:
  static constexpr size_t kStripes = kOwned + kShared;
  // The same for all counters, so for other things that are striped too.
  static size_t StripeOfThisThread() noexcept {
    static constinit std::atomic<size_t> threads{0};
    static constinit thread_local size_t stripe = kStripes;
    if (stripe == kStripes) [[unlikely]] {
      stripe = threads.fetch_add(1, std::memory_order_relaxed);
      if (stripe >= kOwned) stripe = kOwned + stripe % kShared;
    }
    return stripe;
  }

  void Increment() noexcept { Add(1); }
  void Add(uint64_t count) noexcept {
    const size_t index = StripeOfThisThread();
    std::atomic<uint64_t>& stripe = stripes_[index].count;
    if (index < kOwned) [[likely]] {
      stripe.store(stripe.load(std::memory_order_relaxed) + count,
                   std::memory_order_relaxed);
    } else {
      stripe.fetch_add(count, std::memory_order_relaxed);
    }
  }

  uint64_t Sum() const noexcept {
    uint64_t sum = 0;
    for (const Stripe& stripe : stripes_) {
      sum += stripe.count.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  struct alignas(64) Stripe {
    std::atomic<uint64_t> count{0};
  };

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_STRIPED_COUNTER_H_
