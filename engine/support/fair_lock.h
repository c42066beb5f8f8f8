// FairLock: a lock whose waiters get it in the order in which they came.

#ifndef APPCACHE_ENGINE_SUPPORT_FAIR_LOCK_H_
#define APPCACHE_ENGINE_SUPPORT_FAIR_LOCK_H_

#include <chrono>
#include <condition_variable>

#include "appcache/function_ref.h"
#include "engine/support/mutex.h"

namespace appcache::internal {

// Thread-safe. A running thread may overtake a waiter that has waited for less
// than a millisecond: waking a thread takes longer than most of what is done
// with such a lock. After that, the lock is transferred to the first waiter, so
// that a thread that releases and acquires it all the time keeps nobody out.
//
// It is not annotated as a lock; the classes that contain one are.
class FairLock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  FairLock() = default;
  FairLock(const FairLock&) = delete;
  FairLock& operator=(const FairLock&) = delete;

  // Waits without a time limit. REQUIRES: the thread does not hold it.
  void Acquire() noexcept APPCACHE_EXCLUDES(mutex_);

  // False: it was not free before `deadline`. A free lock is acquired even
  // after `deadline`. REQUIRES: as above.
  bool AcquireUntil(TimePoint deadline) noexcept APPCACHE_EXCLUDES(mutex_);

  // The same; also false when the thread has to wait and `gives_up()` is true,
  // before the wait or after a call of WakeWaiters. True although `gives_up()`
  // is true too, when the lock was transferred first. `gives_up` must not
  // throw, and must not use this lock.
  bool AcquireUntil(TimePoint deadline, FunctionRef<bool()> gives_up) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // REQUIRES: the thread holds the lock.
  void Release() noexcept APPCACHE_EXCLUDES(mutex_);

  // Lets those who wait ask again whether they give up.
  void WakeWaiters() noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::condition_variable changed;
    TimePoint since;
    bool received = false;  // the lock was transferred to this waiter
    Waiter* next = nullptr;
  };

  void Append(Waiter& waiter) noexcept APPCACHE_REQUIRES(mutex_);
  // REQUIRES: `waiter` is in the queue.
  void Remove(const Waiter& waiter) noexcept APPCACHE_REQUIRES(mutex_);

  Mutex mutex_;
  bool is_taken_ APPCACHE_GUARDED_BY(mutex_) = false;
  // The queue: a list of objects on the stacks of the waiting threads, so that
  // waiting does not allocate.
  Waiter* first_waiter_ APPCACHE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_FAIR_LOCK_H_
