// Annotations that say which lock guards what. Clang checks them where the
// build passes -Wthread-safety (tools/test --full does); for other compilers
// they are nothing.
//
//   Mutex mutex_;
//   int count_ APPCACHE_GUARDED_BY(mutex_) = 0;
//   void Add() APPCACHE_REQUIRES(mutex_);
//
// The analysis looks at one function at a time and knows of others what their
// declarations say. It does not analyse constructors and destructors. A lambda
// is analysed as its own function: annotate it with APPCACHE_REQUIRES(mutex_),
// or, if our templates call it, begin it with mutex_.AssertHeld().

#ifndef APPCACHE_ENGINE_SUPPORT_THREAD_ANNOTATIONS_H_
#define APPCACHE_ENGINE_SUPPORT_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define APPCACHE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define APPCACHE_THREAD_ANNOTATION(x)
#endif

// A class whose objects are locks; `name` is what messages call them.
#define APPCACHE_CAPABILITY(name) APPCACHE_THREAD_ANNOTATION(capability(name))

// A class whose objects acquire a lock in their constructor, and release it in
// their destructor.
#define APPCACHE_SCOPED_CAPABILITY APPCACHE_THREAD_ANNOTATION(scoped_lockable)

// A member that is used with the lock held: exclusively to write it, and
// exclusively or shared to read it. PT: what the member points to.
#define APPCACHE_GUARDED_BY(lock) APPCACHE_THREAD_ANNOTATION(guarded_by(lock))
#define APPCACHE_PT_GUARDED_BY(lock) \
  APPCACHE_THREAD_ANNOTATION(pt_guarded_by(lock))

// The caller holds the locks, before the call and after it.
#define APPCACHE_REQUIRES(...) \
  APPCACHE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

// The caller holds none of the locks: the function acquires them itself.
#define APPCACHE_EXCLUDES(...) \
  APPCACHE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

// The function acquires the locks and returns with them held, or releases locks
// that the caller holds. Without arguments: the lock that is the object itself.
#define APPCACHE_ACQUIRE(...) \
  APPCACHE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define APPCACHE_ACQUIRE_SHARED(...) \
  APPCACHE_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define APPCACHE_RELEASE(...) \
  APPCACHE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define APPCACHE_RELEASE_SHARED(...) \
  APPCACHE_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))

// Acquires the locks if it returns `result`; TRY_ACQUIRE(result, locks...).
#define APPCACHE_TRY_ACQUIRE(...) \
  APPCACHE_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))

// The lock is held from the call on, for a reason that the analysis cannot see.
#define APPCACHE_ASSERT_CAPABILITY(...) \
  APPCACHE_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))

// The function returns a reference to the lock.
#define APPCACHE_RETURN_CAPABILITY(lock) \
  APPCACHE_THREAD_ANNOTATION(lock_returned(lock))

// Lock order: a thread that holds both has acquired this lock before the
// others.
#define APPCACHE_ACQUIRED_BEFORE(...) \
  APPCACHE_THREAD_ANNOTATION(acquired_before(__VA_ARGS__))

// The function is not analysed. A comment beside it says why it is right.
#define APPCACHE_NO_THREAD_SAFETY_ANALYSIS \
  APPCACHE_THREAD_ANNOTATION(no_thread_safety_analysis)

#endif  // APPCACHE_ENGINE_SUPPORT_THREAD_ANNOTATIONS_H_
