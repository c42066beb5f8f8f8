// TraceClock: the time of a trace.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_TRACE_CLOCK_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_TRACE_CLOCK_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "appcache/clock.h"

namespace appcache::command {

// The real time until the first MoveTo. From then on it moves with the requests
// of a trace only, so that whether an entry has expired depends on the trace,
// not on how fast it is replayed.
class TraceClock final : public Clock {
 public:
  TraceClock() : real_(Clock::Steady()) {}

  TimePoint Now() const noexcept override {
    const TimePoint now = now_.load(std::memory_order_relaxed);
    return now == kReal ? real_->Now() : now;
  }

  // Moves to the time of a request, by the difference to that of the first one.
  // Ignores a time before that of an earlier request, and one more than a
  // thousand years after the first. REQUIRES: called by one thread.
  void MoveTo(std::chrono::milliseconds time) noexcept;

  // Looks at the time every 10 ms.
  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override;

 private:
  static constexpr TimePoint kReal = TimePoint::min();

  const std::shared_ptr<const Clock> real_;
  TimePoint start_;  // the time of the first request
  std::optional<std::chrono::milliseconds> first_;
  std::atomic<TimePoint> now_{kReal};
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_TRACE_CLOCK_H_
