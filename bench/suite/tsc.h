// Tsc: times a short operation by the processor's counter.

#ifndef APPCACHE_BENCH_SUITE_TSC_H_
#define APPCACHE_BENCH_SUITE_TSC_H_

#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace appcache::bench {

class Tsc {
 public:
  // Takes 50 ms to find the counter's frequency and the cost of reading it.
  Tsc() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const uint64_t first = Now();
    std::chrono::duration<double, std::nano> passed{};
    while (passed < std::chrono::milliseconds(50)) {
      passed = Clock::now() - start;
    }
    ns_per_tick_ = passed.count() / static_cast<double>(Now() - first);
    std::vector<uint64_t> costs;
    for (int i = 0; i < 10'000; ++i) costs.push_back(Ticks([] {}));
    std::sort(costs.begin(), costs.end());
    overhead_ = costs[costs.size() / 2];
  }

  // What `operation()` takes, with the cost of reading the counter.
  template <class Operation>
  static uint64_t Ticks(const Operation& operation) {
    const uint64_t start = Now();
    operation();
    return Now() - start;
  }

  // Without that cost.
  double ToNs(uint64_t ticks) const {
    return static_cast<double>(ticks - std::min(ticks, overhead_)) *
           ns_per_tick_;
  }
  double overhead_ns() const {
    return static_cast<double>(overhead_) * ns_per_tick_;
  }

 private:
  // Neither earlier nor later instructions run beside it.
  static uint64_t Now() {
    _mm_lfence();
    const uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
  }

  double ns_per_tick_ = 1;
  uint64_t overhead_ = 0;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_TSC_H_
