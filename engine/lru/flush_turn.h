// FlushTurn: one flush at a time, and a time limit for those who wait.

#ifndef APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
#define APPCACHE_ENGINE_LRU_FLUSH_TURN_H_

#include <chrono>
#include <condition_variable>

#include "engine/support/mutex.h"

namespace appcache::lru {

// Thread-safe.
class APPCACHE_CAPABILITY("turn to flush") FlushTurn {
 public:
  // Waits. Every flush ends: it waits for the writer lock with a limit.
  void lock() APPCACHE_ACQUIRE() APPCACHE_EXCLUDES(mutex_) {
    internal::UniqueMutexLock lock(mutex_);
    while (is_taken_) left_.wait(lock.native());
    is_taken_ = true;
  }

  // The same until `deadline`, or until `is_satisfied()` when the flush in
  // progress has called NoteProgress. False: one of the two has come, and the
  // turn is not this thread's.
  template <class IsSatisfied>
  bool TryLockUntil(std::chrono::steady_clock::time_point deadline,
                    const IsSatisfied& is_satisfied) APPCACHE_TRY_ACQUIRE(true)
      APPCACHE_EXCLUDES(mutex_) {
    internal::UniqueMutexLock lock(mutex_);
    left_.wait_until(lock.native(), deadline, [&]() APPCACHE_REQUIRES(mutex_) {
      return !is_taken_ || is_satisfied();
    });
    if (is_taken_ || is_satisfied()) return false;
    is_taken_ = true;
    return true;
  }
  bool TryLockUntil(std::chrono::steady_clock::time_point deadline)
      APPCACHE_TRY_ACQUIRE(true) APPCACHE_EXCLUDES(mutex_) {
    return TryLockUntil(deadline, [] { return false; });
  }

  void unlock() noexcept APPCACHE_RELEASE() APPCACHE_EXCLUDES(mutex_) {
    internal::MutexLock guard(mutex_);
    is_taken_ = false;
    left_.notify_all();
  }

  // States to the analysis that the calling thread has the turn: for a lambda
  // that is called by others.
  void AssertHeld() const noexcept APPCACHE_ASSERT_CAPABILITY(this) {}

  // Some of what others wait for is done.
  void NoteProgress() noexcept APPCACHE_EXCLUDES(mutex_) {
    internal::MutexLock guard(mutex_);
    left_.notify_all();
  }

 private:
  internal::Mutex mutex_;
  std::condition_variable left_;
  bool is_taken_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
