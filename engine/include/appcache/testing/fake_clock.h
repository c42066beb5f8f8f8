// FakeClock: a clock that only a test moves.
//
//   auto clock = std::make_shared<appcache::FakeClock>();
//   SqliteCacheOptions options;
//   options.clock = clock;
//   auto cache = SqliteCache::OpenInMemory(options);
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   Key<std::string> greeting("greeting");
//   auto stored = (*cache)->Set(greeting, "hello", std::chrono::seconds(10));
//   if (!stored.ok()) return Fail(stored.ToString());
//   clock->Advance(std::chrono::seconds(10));
//   assert(!(*cache)->Get(greeting).is_hit());

#ifndef APPCACHE_TESTING_FAKE_CLOCK_H_
#define APPCACHE_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "appcache/clock.h"

namespace appcache {

// Starts at 2020-01-01 00:00:00 UTC. Every Advance wakes all threads in
// WaitUntil; no time passes otherwise. Thread-safe.
class FakeClock final : public Clock {
 public:
  TimePoint Now() const noexcept override {
    return now_.load(std::memory_order_acquire);
  }

  // Moves the clock forward, or backward when `by` is negative. REQUIRES: the
  // caller holds no lock that a thread passed to WaitUntil.
  void Advance(std::chrono::microseconds by) {
    std::lock_guard<std::mutex> guard(waiters_mutex_);
    now_.store(Now() + by, std::memory_order_release);
    for (Waiter* waiter : waiters_) {
      // With the waiter's mutex held, the waiter is either about to check the
      // time, or waiting and woken by this.
      std::lock_guard<std::mutex> waiter_guard(*waiter->mutex);
      waiter->changed->notify_all();
    }
  }

  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    assert(lock.owns_lock());
    Waiter waiter{lock.mutex(), &changed};
    // Releases `lock` to register, because of the lock order.
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

#endif  // APPCACHE_TESTING_FAKE_CLOCK_H_
