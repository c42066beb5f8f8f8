// Ticks: the time of a short operation, by the processor's counter where there
// is one.

#ifndef APPCACHE_BENCH_SUITE_TICKS_H_
#define APPCACHE_BENCH_SUITE_TICKS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace appcache::bench {

class Ticks {
 public:
  // Takes 50 ms, to measure the counter's frequency and the cost of reading it.
  Ticks() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const uint64_t first = Now();
    std::chrono::duration<double, std::nano> passed{};
    while (passed < std::chrono::milliseconds(50)) {
      passed = Clock::now() - start;
    }
    ns_per_tick_ = passed.count() / static_cast<double>(Now() - first);
    std::vector<uint64_t> costs(10'000);
    for (uint64_t& cost : costs) {
      const uint64_t before = Now();
      cost = Now() - before;
    }
    std::nth_element(costs.begin(), costs.begin() + kMiddle, costs.end());
    cost_ = costs[kMiddle];
  }

  // Neither earlier nor later instructions run beside it.
  static uint64_t Now() {
#if defined(__x86_64__)
    _mm_lfence();
    const uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
#else
    return static_cast<uint64_t>(
        std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }

  double ToNs(uint64_t ticks) const {
    return static_cast<double>(ticks) * ns_per_tick_;
  }
  uint64_t FromNs(double ns) const {
    return static_cast<uint64_t>(ns / ns_per_tick_);
  }
  // Of an operation between two readings, without that cost.
  uint64_t Between(uint64_t start, uint64_t end) const {
    const uint64_t ticks = end - std::min(start, end);
    return ticks - std::min(ticks, cost_);
  }

 private:
  static constexpr size_t kMiddle = 5'000;

  double ns_per_tick_ = 1;
  uint64_t cost_ = 0;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_TICKS_H_
