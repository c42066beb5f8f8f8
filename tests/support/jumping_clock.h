// JumpingClock: a clock for tests with one thread. A wait advances the clock to
// its deadline and returns, because no other thread could end it.

#ifndef APPCACHE_TESTS_SUPPORT_JUMPING_CLOCK_H_
#define APPCACHE_TESTS_SUPPORT_JUMPING_CLOCK_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "appcache/clock.h"
#include "appcache/testing/fake_clock.h"

namespace appcache {

// Not thread-safe.
class JumpingClock final : public Clock {
 public:
  TimePoint Now() const noexcept override { return clock_.Now(); }

  void Advance(std::chrono::microseconds by) { clock_.Advance(by); }

  // Called in place of each wait, after the time has passed.
  void set_on_jump(std::function<void()> on_jump) {
    on_jump_ = std::move(on_jump);
  }

  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable&,
                 TimePoint deadline,
                 const std::function<bool()>& done) const override {
    if (done()) return;
    clock_.Advance(std::max(deadline - Now(), std::chrono::microseconds(0)));
    if (!on_jump_) return;
    lock.unlock();
    on_jump_();
    lock.lock();
  }

 private:
  mutable FakeClock clock_;
  std::function<void()> on_jump_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_JUMPING_CLOCK_H_
