// TickSource: the order of uses.
//
// A tick is the time of a use in microseconds since the Unix epoch, moved on by
// one where that would not be later than the tick before: every use has a tick
// of its own, later uses have larger ones, and a person can read them as times.

#ifndef APPCACHE_ENGINE_POLICY_TICK_SOURCE_H_
#define APPCACHE_ENGINE_POLICY_TICK_SOURCE_H_

#include <atomic>
#include <cstdint>

#include "engine/clock.h"

namespace appcache::policy {

// Thread-safe.
class TickSource {
 public:
  int64_t Next(TimePoint now) noexcept {
    const int64_t time = now.time_since_epoch().count();
    int64_t last = last_.load(std::memory_order_relaxed);
    int64_t next = 0;
    do {
      next = time > last ? time : last + 1;
    } while (
        !last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
    return next;
  }

  // Later ticks will be larger than `tick`.
  void Pass(int64_t tick) noexcept {
    int64_t last = last_.load(std::memory_order_relaxed);
    while (tick > last && !last_.compare_exchange_weak(
                              last, tick, std::memory_order_relaxed)) {
    }
  }

 private:
  std::atomic<int64_t> last_{0};
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_TICK_SOURCE_H_
