// SharedResult<T>: a value that one thread sets and other threads wait for.
//
// Like std::promise and std::shared_future, but waits by a Clock and allocates
// nothing. The threads usually share it by a std::shared_ptr.

#ifndef APPCACHE_ENGINE_SUPPORT_SHARED_RESULT_H_
#define APPCACHE_ENGINE_SUPPORT_SHARED_RESULT_H_

#include <algorithm>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <utility>

#include "appcache/clock.h"
#include "appcache/times.h"
#include "engine/support/mutex.h"

namespace appcache::internal {

// Thread-safe.
template <class T>
class SharedResult {
 public:
  SharedResult() = default;
  SharedResult(const SharedResult&) = delete;
  SharedResult& operator=(const SharedResult&) = delete;

  // Sets the value and wakes the threads that wait for it. REQUIRES: it is not
  // set. Throws what moving a T throws.
  void Set(T value) APPCACHE_EXCLUDES(mutex_) {
    MutexLock guard(mutex_);
    assert(!value_.has_value());
    value_.emplace(std::move(value));
    changed_.notify_all();
  }

  // These return the value, or null when it is not set. A value that is set
  // does not change and is valid as long as this object.

  // Does not wait.
  const T* Get() const APPCACHE_EXCLUDES(mutex_) {
    MutexLock guard(mutex_);
    return ValueOrNull();
  }

  // Waits at most `max_wait`. A negative one is zero; one of more than a year
  // is a year, which cannot overflow when it is added to the current time.
  const T* WaitFor(const Clock& clock, std::chrono::milliseconds max_wait) const
      APPCACHE_EXCLUDES(mutex_) {
    using std::chrono::milliseconds;
    constexpr milliseconds kYear = std::chrono::hours(24 * 365);
    const TimePoint deadline =
        clock.Now() + std::clamp(max_wait, milliseconds(0), kYear);
    UniqueMutexLock lock(mutex_);
    clock.WaitUntil(
        lock.native(), changed_, deadline,
        [this]() APPCACHE_REQUIRES(mutex_) { return value_.has_value(); });
    return ValueOrNull();
  }

  // Waits until `deadline`.
  const T* WaitUntil(std::chrono::steady_clock::time_point deadline) const
      APPCACHE_EXCLUDES(mutex_) {
    UniqueMutexLock lock(mutex_);
    changed_.wait_until(
        lock.native(), deadline,
        [this]() APPCACHE_REQUIRES(mutex_) { return value_.has_value(); });
    return ValueOrNull();
  }

 private:
  const T* ValueOrNull() const APPCACHE_REQUIRES(mutex_) {
    return value_.has_value() ? &*value_ : nullptr;
  }

  mutable Mutex mutex_;
  mutable std::condition_variable changed_;
  // Does not change once it is set, and is then read without the mutex.
  std::optional<T> value_ APPCACHE_GUARDED_BY(mutex_);
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_SHARED_RESULT_H_
