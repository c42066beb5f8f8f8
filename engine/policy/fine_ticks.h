// FineTicks: numbers accesses by the processor's time stamp counter.
//
// A tick is finer than a microsecond, so that two accesses of one thread never
// have the same, and reading the counter writes to no memory that threads
// share. Ticks are ordered across threads: an access that returned before
// another began has the smaller one. (The counters of all processors are
// synchronised where the processor calls them invariant. The fence keeps the
// counter from being read before earlier loads, such as the one that has shown
// this thread that the other's access returned.) Cost: 16 ns.
//
// A clock that the caller gave, and a processor without such a counter, is
// served by a TickSource: a tick is then a microsecond, and every access
// increments a shared counter.

#ifndef APPCACHE_ENGINE_POLICY_FINE_TICKS_H_
#define APPCACHE_ENGINE_POLICY_FINE_TICKS_H_

#if defined(__x86_64__)
#include <emmintrin.h>
#include <x86intrin.h>
#endif

#include <cstdint>

#include "appcache/clock.h"
#include "appcache/times.h"
#include "engine/policy/tick_source.h"

namespace appcache::policy {

// Thread-safe.
class FineTicks {
 public:
  // Ticks of `clock`, which must outlive this object. The counter is used only
  // for Clock::Steady() and Clock::Wall(). The first use in a process measures
  // the counter's frequency, for two milliseconds.
  explicit FineTicks(const Clock& clock);

  int64_t Next() noexcept {
#if defined(__x86_64__)
    if (uses_counter_) [[likely]]
      return ReadCounter();
#endif
    return counted_.Next(clock_.Now());
  }

  // The same in two steps, for an access that has something to fetch while the
  // counter is read: Begin before it waits for that, and End when it has found
  // what it wants. No access that returned before Begin has a larger tick.
  int64_t Begin() noexcept {
#if defined(__x86_64__)
    if (uses_counter_) [[likely]]
      return ReadCounter();
#endif
    return 0;
  }
  int64_t End(int64_t begun) noexcept {
    return uses_counter_ ? begun : counted_.Next(clock_.Now());
  }

  // The time of a tick in microseconds, and the tick of a time. Both keep the
  // order. The counter's frequency was measured once, so over days a tick's
  // time may be seconds away from the clock's.
  int64_t ToMicros(int64_t tick) const noexcept;
  int64_t FromMicros(int64_t micros) const noexcept;

  // Makes all later ticks larger than FromMicros(micros), if they count
  // microseconds. The counter cannot be moved.
  void AdvancePast(int64_t micros) noexcept {
    if (!uses_counter_) counted_.AdvancePast(micros);
  }

  // Whether the tick of a time of the future can be larger than ticks to come.
  bool uses_counter() const noexcept { return uses_counter_; }

 private:
#if defined(__x86_64__)
  static int64_t ReadCounter() noexcept {
    _mm_lfence();
    return static_cast<int64_t>(__rdtsc());
  }
#endif

  const Clock& clock_;
  const bool uses_counter_;
  // Of one moment.
  int64_t anchor_tick_ = 0;
  int64_t anchor_micros_ = 0;
  int64_t ticks_per_micro_ = int64_t{1} << 32;  // times 2^32
  TickSource counted_;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_FINE_TICKS_H_
