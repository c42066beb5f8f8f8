#include "engine/policy/fine_ticks.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace appcache::policy {
namespace {

bool HasInvariantCounter() noexcept {
#if defined(__x86_64__)
  // "Invariant TSC": Advanced Power Management Information, EDX bit 8.
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d >> 8 & 1) != 0;
#else
  return false;
#endif
}

#if defined(__x86_64__)
using Steady = std::chrono::steady_clock;

struct Reading {
  int64_t counter;
  Steady::time_point time;
};

// Both at one moment: of several readings the one that took least.
Reading ReadBoth() noexcept {
  Reading best{};
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < 8; ++i) {
    const auto before = static_cast<int64_t>(__rdtsc());
    const Steady::time_point time = Steady::now();
    const auto after = static_cast<int64_t>(__rdtsc());
    if (after - before >= least) continue;
    least = after - before;
    best = {before + (after - before) / 2, time};
  }
  return best;
}

double MeasureFrequency() noexcept {
  constexpr auto kLength = std::chrono::milliseconds(2);
  const Reading start = ReadBoth();
  while (Steady::now() - start.time < kLength) {
  }
  const Reading end = ReadBoth();
  const std::chrono::duration<double, std::micro> took = end.time - start.time;
  return static_cast<double>(end.counter - start.counter) / took.count();
}

double CounterTicksPerMicro() noexcept {
  static const double ticks = MeasureFrequency();
  return ticks;
}
#endif

__extension__ using Wide = __int128;

int64_t Clamped(Wide value) noexcept {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp(value, -Wide{kMost}, Wide{kMost}));
}

// a / b, rounded down. REQUIRES: b > 0.
Wide FloorDiv(Wide a, Wide b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

FineTicks::FineTicks(const Clock& clock)
    : clock_(clock),
      uses_counter_(HasInvariantCounter() && (&clock == Clock::Steady().get() ||
                                              &clock == Clock::Wall().get())) {
  if (!uses_counter_) return;
#if defined(__x86_64__)
  ticks_per_micro_ = std::llround(std::ldexp(CounterTicksPerMicro(), 32));
  anchor_tick_ = ReadCounter();
  anchor_micros_ = clock_.Now().time_since_epoch().count();
#endif
}

int64_t FineTicks::ToMicros(int64_t tick) const noexcept {
  if (!uses_counter_) return tick;
  const Wide since = Wide{tick} - anchor_tick_;
  return Clamped(anchor_micros_ + FloorDiv(since << 32, ticks_per_micro_));
}

int64_t FineTicks::FromMicros(int64_t micros) const noexcept {
  if (!uses_counter_) return micros;
  const Wide since = Wide{micros} - anchor_micros_;
  return Clamped(anchor_tick_ - (-since * ticks_per_micro_ >> 32));
}

}  // namespace appcache::policy
