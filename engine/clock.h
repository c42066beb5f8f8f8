// Clock: where appcache gets the time from.
//
// A program passes none and gets a real one; a test passes a FakeClock
// (testing/fake_clock.h) and nothing in it sleeps.

#ifndef APPCACHE_ENGINE_CLOCK_H_
#define APPCACHE_ENGINE_CLOCK_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace appcache {

// Microseconds since the Unix epoch.
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

// Thread safety: every function may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // May be called on every get: must be cheap, and must not block.
  virtual TimePoint Now() const noexcept = 0;

  // Waits on `changed` until `done()` holds or this clock reaches `deadline`,
  // whichever is first. `lock` is held at the call, at the return and whenever
  // `done` is called, and released in between.
  virtual void WaitUntil(std::unique_lock<std::mutex>& lock,
                         std::condition_variable& changed, TimePoint deadline,
                         const std::function<bool()>& done) const = 0;

  // The wall clock: for what outlives the process. It may jump when the
  // machine's time is set; a jump forward expires entries early, one back late.
  static std::shared_ptr<const Clock> Wall();

  // Runs like the wall clock from the moment the process first asks, also while
  // the machine is suspended, but never jumps: for what dies with the process.
  static std::shared_ptr<const Clock> Steady();
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_CLOCK_H_
