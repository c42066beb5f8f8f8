// SpinLock: a lock that is held for some nanoseconds nearly always.
//
// A std::mutex costs two calls and two atomic read-modify-writes, and puts a
// thread to sleep that would have waited for some nanoseconds. This lock costs
// one read-modify-write. A thread that finds it held reads until it is free,
// then yields the processor, and then sleeps for 50 us at a time: the holder
// may have been preempted, or hold the lock for milliseconds, as a flush does
// that collects what has changed.

#ifndef APPCACHE_ENGINE_SUPPORT_SPIN_LOCK_H_
#define APPCACHE_ENGINE_SUPPORT_SPIN_LOCK_H_

#include <atomic>

#include "engine/support/mutex.h"

namespace appcache::internal {

// Not recursive, not fair.
class APPCACHE_CAPABILITY("spin lock") SpinLock {
 public:
  SpinLock() noexcept = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() noexcept APPCACHE_ACQUIRE() {
    if (!try_lock()) [[unlikely]]
      LockSlowly();
  }
  bool try_lock() noexcept APPCACHE_TRY_ACQUIRE(true) {
    return !is_held_.exchange(true, std::memory_order_acquire);
  }
  void unlock() noexcept APPCACHE_RELEASE() {
    is_held_.store(false, std::memory_order_release);
  }

 private:
  void LockSlowly() noexcept APPCACHE_ACQUIRE();

  std::atomic<bool> is_held_{false};
};

using SpinLockGuard = LockGuard<SpinLock>;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_SPIN_LOCK_H_
