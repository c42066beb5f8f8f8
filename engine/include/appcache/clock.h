// Clock: the source of time.
//
// Options that take a Clock default to a real one. A test passes a FakeClock
// (testing/fake_clock.h), and so needs no sleeps.

#ifndef APPCACHE_CLOCK_H_
#define APPCACHE_CLOCK_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "appcache/export.h"
#include "appcache/times.h"

namespace appcache {

// Thread safety: all functions may be called from any threads at once.
class APPCACHE_EXPORT Clock {
 public:
  virtual ~Clock() = default;

  // The current time. May be called on every get: must be cheap and must not
  // block.
  virtual TimePoint Now() const noexcept = 0;

  // A time that is cheaper to read: never later than Now(), and at most 10 ms
  // earlier. Wall() and Steady() return the time of the last timer interrupt of
  // the kernel: they are earlier than that if the kernel gets none, as in a
  // virtual machine that is kept from running; and Wall() may be later than a
  // Now() that follows when the system time is set back. Default: Now().
  virtual TimePoint Approximate() const noexcept { return Now(); }

  // Waits on `changed` until `done()` returns true or this clock reaches
  // `deadline`, whichever is first. Releases `lock` while it waits; holds it
  // when it calls `done`, which must not throw, and when it returns. REQUIRES:
  // lock.owns_lock().
  virtual void WaitUntil(std::unique_lock<std::mutex>& lock,
                         std::condition_variable& changed, TimePoint deadline,
                         const std::function<bool()>& done) const = 0;

  // The wall clock, for entries that outlive the process. It jumps when the
  // system time is set: entries then expire early after a jump forward, and
  // late after a jump back, unless the backend corrects that, as SqliteCache
  // does.
  static std::shared_ptr<const Clock> Wall();

  // A clock that never jumps, for entries that do not outlive the process. It
  // starts at the time of the wall clock when the process first calls this
  // function, and runs on while the machine is suspended.
  static std::shared_ptr<const Clock> Steady();
};

}  // namespace appcache

#endif  // APPCACHE_CLOCK_H_
