// Uses of locks for thread_safety_test.py. FAULT selects a fault that clang
// must report; without it, the file has none.

#include <condition_variable>

#include "engine/support/mutex.h"
#include "engine/support/spin_lock.h"

#ifndef FAULT
#define FAULT 0
#endif

namespace appcache::internal {
namespace {

class Counter {
 public:
  void Add() APPCACHE_EXCLUDES(mutex_) {
#if FAULT != 1  // a member without its lock
    const MutexLock lock(mutex_);
#endif
    ++count_;
  }

  void AddTwice() APPCACHE_EXCLUDES(mutex_) {
    Add();
#if FAULT == 2  // a lock that is acquired again
    const MutexLock lock(mutex_);
#endif
    Add();
  }

  void Reset() APPCACHE_EXCLUDES(mutex_, last_mutex_) {
#if FAULT == 3  // against the lock order
    const MutexLock last_lock(last_mutex_);
    const MutexLock lock(mutex_);
#else
    const MutexLock lock(mutex_);
    const MutexLock last_lock(last_mutex_);
#endif
    last_ = count_;
    ResetLocked();
  }

  void TryReset() APPCACHE_EXCLUDES(mutex_) {
#if FAULT == 4  // a call that requires the lock
    if (mutex_.try_lock()) mutex_.unlock();
#else
    if (!mutex_.try_lock()) return;
    const MutexLock lock(mutex_, std::adopt_lock);
#endif
    ResetLocked();
  }

  void WaitForOne() APPCACHE_EXCLUDES(mutex_) {
    UniqueMutexLock lock(mutex_);
    while (count_ == 0) added_.wait(lock.native());
    lock.unlock();
#if FAULT != 5  // a member after the lock was released
    lock.lock();
#endif
    --count_;
  }

  int hits() const {
#if FAULT != 6  // the same for a spin lock
    const SpinLockGuard lock(hits_lock_);
#endif
    return hits_;
  }

  void SetName(int name) {
#if FAULT == 7  // a write with a shared lock
    const SharedMutexLock lock(name_mutex_);
#else
    const LockGuard<SharedMutex> lock(name_mutex_);
#endif
    name_ = name;
  }
  int name() const {
    const SharedMutexLock lock(name_mutex_);
    return name_;
  }

 private:
  void ResetLocked() APPCACHE_REQUIRES(mutex_) { count_ = 0; }

  Mutex mutex_ APPCACHE_ACQUIRED_BEFORE(last_mutex_);
  std::condition_variable added_;
  int count_ APPCACHE_GUARDED_BY(mutex_) = 0;
  Mutex last_mutex_;
  int last_ APPCACHE_GUARDED_BY(last_mutex_) = 0;
  mutable SpinLock hits_lock_;
  int hits_ APPCACHE_GUARDED_BY(hits_lock_) = 0;
  mutable SharedMutex name_mutex_;
  int name_ APPCACHE_GUARDED_BY(name_mutex_) = 0;
};

}  // namespace

void UseCounter() {
  Counter counter;
  counter.AddTwice();
  counter.Reset();
  counter.TryReset();
  counter.SetName(counter.hits() + counter.name());
  counter.WaitForOne();
}

}  // namespace appcache::internal
