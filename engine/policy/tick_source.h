// TickSource: numbers accesses, so that they have a total order.
//
// A tick is the time of an access in microseconds since the Unix epoch, or the
// previous tick plus one if that is larger. So every access has a tick of its
// own, later accesses have larger ticks, and a person can read a tick as a
// time.

#ifndef APPCACHE_ENGINE_POLICY_TICK_SOURCE_H_
#define APPCACHE_ENGINE_POLICY_TICK_SOURCE_H_

#include <atomic>
#include <cstdint>

#include "appcache/times.h"

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

  // The last tick, or the one that AdvancePast was given; 0 before the first.
  int64_t last() const noexcept {
    return last_.load(std::memory_order_relaxed);
  }

  // Lets later ticks begin after `tick`, after the clock was set back.
  void SetBackTo(int64_t tick) noexcept {
    last_.store(tick, std::memory_order_relaxed);
  }

  // Makes all later ticks larger than `tick`.
  void AdvancePast(int64_t tick) noexcept {
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
