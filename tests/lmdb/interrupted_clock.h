// InterruptedClock: a clock that calls a function whenever it is read.

#ifndef APPCACHE_TESTS_LMDB_INTERRUPTED_CLOCK_H_
#define APPCACHE_TESTS_LMDB_INTERRUPTED_CLOCK_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "appcache/clock.h"

namespace appcache {

// The wall clock. A read of it first calls `interrupt`, within the transaction
// that needs the time.
class InterruptedClock final : public Clock {
 public:
  explicit InterruptedClock(std::function<void()> interrupt)
      : interrupt_(std::move(interrupt)) {}

  TimePoint Now() const noexcept override {
    interrupt_();
    return Wall()->Now();
  }
  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    Wall()->WaitUntil(lock, changed, deadline, done);
  }

 private:
  const std::function<void()> interrupt_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_INTERRUPTED_CLOCK_H_
