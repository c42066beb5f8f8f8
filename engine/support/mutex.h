// Mutex: a std::mutex with annotations (thread_annotations.h), and the objects
// that hold it. They compile to the same code as those of the standard library,
// whose own have no annotations.
//
//   class Queue {
//    public:
//     void Push(Job job) APPCACHE_EXCLUDES(mutex_) {
//       const MutexLock lock(mutex_);
//       jobs_.push_back(std::move(job));
//       pushed_.notify_one();
//     }
//     Job Pop() APPCACHE_EXCLUDES(mutex_) {
//       UniqueMutexLock lock(mutex_);
//       while (jobs_.empty()) pushed_.wait(lock.native());
//       ...
//     }
//
//    private:
//     Mutex mutex_;
//     std::condition_variable pushed_;
//     std::deque<Job> jobs_ APPCACHE_GUARDED_BY(mutex_);
//   };

#ifndef APPCACHE_ENGINE_SUPPORT_MUTEX_H_
#define APPCACHE_ENGINE_SUPPORT_MUTEX_H_

#include <mutex>
#include <shared_mutex>

#include "engine/support/thread_annotations.h"

namespace appcache::internal {

class APPCACHE_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() APPCACHE_ACQUIRE() { native_.lock(); }
  bool try_lock() APPCACHE_TRY_ACQUIRE(true) { return native_.try_lock(); }
  void unlock() APPCACHE_RELEASE() { native_.unlock(); }

  // States to the analysis that the calling thread holds the mutex: for a
  // lambda that is called by others.
  void AssertHeld() const noexcept APPCACHE_ASSERT_CAPABILITY(this) {}

 private:
  friend class UniqueMutexLock;
  std::mutex native_;
};

// Holds a lock during its lifetime, like std::lock_guard.
template <class Lock>
class APPCACHE_SCOPED_CAPABILITY LockGuard {
 public:
  explicit LockGuard(Lock& lock) APPCACHE_ACQUIRE(lock) : lock_(lock) {
    lock_.lock();
  }
  // The caller has acquired the lock, by try_lock. This object releases it.
  LockGuard(Lock& lock, std::adopt_lock_t) APPCACHE_REQUIRES(lock)
      : lock_(lock) {}
  ~LockGuard() APPCACHE_RELEASE() { lock_.unlock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  Lock& lock_;
};

using MutexLock = LockGuard<Mutex>;

// Holds a mutex, like std::unique_lock: it can be released and acquired again,
// and a condition variable can wait with it. A wait releases the mutex while it
// sleeps. The analysis takes the mutex to be held throughout, as it is before
// the wait and after it.
class APPCACHE_SCOPED_CAPABILITY UniqueMutexLock {
 public:
  explicit UniqueMutexLock(Mutex& mutex) APPCACHE_ACQUIRE(mutex)
      : lock_(mutex.native_) {}
  ~UniqueMutexLock() APPCACHE_RELEASE() {}
  UniqueMutexLock(const UniqueMutexLock&) = delete;
  UniqueMutexLock& operator=(const UniqueMutexLock&) = delete;

  void lock() APPCACHE_ACQUIRE() { lock_.lock(); }
  void unlock() APPCACHE_RELEASE() { lock_.unlock(); }

  // For std::condition_variable and Clock::WaitUntil.
  std::unique_lock<std::mutex>& native() noexcept { return lock_; }

 private:
  std::unique_lock<std::mutex> lock_;
};

class APPCACHE_CAPABILITY("shared mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void lock() APPCACHE_ACQUIRE() { native_.lock(); }
  void unlock() APPCACHE_RELEASE() { native_.unlock(); }
  void lock_shared() APPCACHE_ACQUIRE_SHARED() { native_.lock_shared(); }
  void unlock_shared() APPCACHE_RELEASE_SHARED() { native_.unlock_shared(); }

 private:
  std::shared_mutex native_;
};

// Shares a mutex during its lifetime, like std::shared_lock. LockGuard holds it
// exclusively.
class APPCACHE_SCOPED_CAPABILITY SharedMutexLock {
 public:
  explicit SharedMutexLock(SharedMutex& mutex) APPCACHE_ACQUIRE_SHARED(mutex)
      : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~SharedMutexLock() APPCACHE_RELEASE() { mutex_.unlock_shared(); }
  SharedMutexLock(const SharedMutexLock&) = delete;
  SharedMutexLock& operator=(const SharedMutexLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_MUTEX_H_
