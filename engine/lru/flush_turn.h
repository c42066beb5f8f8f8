// FlushTurn: one flush at a time, and a time limit for those who wait.

#ifndef APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
#define APPCACHE_ENGINE_LRU_FLUSH_TURN_H_

#include "appcache/function_ref.h"
#include "engine/support/fair_lock.h"
#include "engine/support/thread_annotations.h"

namespace appcache::lru {

// Thread-safe. Threads get the turn in the order of FairLock: one that flushes
// all the time does not keep a snapshot waiting.
class APPCACHE_CAPABILITY("turn to flush") FlushTurn {
 public:
  using TimePoint = internal::FairLock::TimePoint;

  // Waits. Every flush ends: it waits for the writer lock with a limit.
  void lock() noexcept APPCACHE_ACQUIRE() { lock_.Acquire(); }

  // The same until `deadline`, or until `is_satisfied()` when the flush in
  // progress has called NoteProgress. False: one of the two has come, and the
  // turn is not this thread's.
  bool TryLockUntil(TimePoint deadline,
                    FunctionRef<bool()> is_satisfied) noexcept
      APPCACHE_TRY_ACQUIRE(true) {
    return lock_.AcquireUntil(deadline, is_satisfied);
  }
  bool TryLockUntil(TimePoint deadline) noexcept APPCACHE_TRY_ACQUIRE(true) {
    return lock_.AcquireUntil(deadline);
  }

  void unlock() noexcept APPCACHE_RELEASE() {
    lock_.Release();
    // There may be room although the flush has not said so: after a clear, or
    // when it has failed and others removed its rows.
    lock_.WakeWaiters();
  }

  // States to the analysis that the calling thread has the turn: for a lambda
  // that is called by others.
  void AssertHeld() const noexcept APPCACHE_ASSERT_CAPABILITY(this) {}

  // Some of what others wait for is done.
  void NoteProgress() noexcept { lock_.WakeWaiters(); }

 private:
  internal::FairLock lock_;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
