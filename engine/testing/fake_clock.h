// FakeClock: a clock that moves when a test says so.

#ifndef APPCACHE_ENGINE_TESTING_FAKE_CLOCK_H_
#define APPCACHE_ENGINE_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "engine/clock.h"

namespace appcache {

// Starts at 2020-01-01 00:00:00 UTC and stands still until it is moved. Whoever
// waits on it is woken by each move, and by nothing else.
class FakeClock final : public Clock {
 public:
  TimePoint Now() const noexcept override {
    return now_.load(std::memory_order_acquire);
  }

  // Moves forward, or backward when negative.
  void Advance(std::chrono::microseconds by) {
    std::lock_guard<std::mutex> guard(waiters_mutex_);
    now_.store(Now() + by, std::memory_order_release);
    for (Waiter* waiter : waiters_) {
      // Taking the waiter's lock: it is either not yet asleep, and will see the
      // new time, or asleep, and hears this.
      std::lock_guard<std::mutex> waiter_guard(*waiter->mutex);
      waiter->changed->notify_all();
    }
  }

  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    Waiter waiter{lock.mutex(), &changed};
    // Registered without `lock`: Advance takes the two in the other order.
    lock.unlock();
    {
      std::lock_guard<std::mutex> guard(waiters_mutex_);
      waiters_.insert(&waiter);
    }
    lock.lock();
    while (!done() && Now() < deadline) changed.wait(lock);
    lock.unlock();
    {
      std::lock_guard<std::mutex> guard(waiters_mutex_);
      waiters_.erase(&waiter);
    }
    lock.lock();
  }

 private:
  struct Waiter {
    std::mutex* mutex;
    std::condition_variable* changed;
  };

  std::atomic<TimePoint> now_{
      TimePoint(std::chrono::sys_days(std::chrono::year(2020) / 1 / 1))};
  // Lock order: waiters_mutex_, then a waiter's own mutex.
  mutable std::mutex waiters_mutex_;
  mutable std::set<Waiter*> waiters_;  // guarded by waiters_mutex_
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_TESTING_FAKE_CLOCK_H_
