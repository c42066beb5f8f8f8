// Breaker: a circuit breaker, which fails calls of a remote that does not
// answer without making them. (M. Nygard, "Release It!"; with half-open
// probes.)

#ifndef APPCACHE_ADAPTERS_TIERED_BREAKER_H_
#define APPCACHE_ADAPTERS_TIERED_BREAKER_H_

#include <atomic>
#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <utility>

#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/tiered_options.h"
#include "appcache/times.h"
#include "engine/support/mutex.h"

namespace appcache::tiered {

// True when the remote did not answer or could not be reached. Any other error
// is an answer, also the refusal of a write.
bool IsFailure(const Status& outcome) noexcept;

// Thread-safe. A call costs one load while the breaker is closed.
class Breaker {
 public:
  enum class State {
    kClosed,    // calls are admitted
    kOpen,      // no call is admitted
    kHalfOpen,  // a probe has been admitted and has not ended
  };

  // `on_change(state)` is called with kOpen or kClosed each time the breaker
  // enters that state. It must not call the breaker.
  using OnChange = std::function<void(State state)>;

  // `seed` is that of the random open times. REQUIRES: options.failures > 0,
  // on_change is not empty.
  Breaker(const BreakerOptions& options, std::shared_ptr<const Clock> clock,
          uint64_t seed, OnChange on_change);

  // One call of the remote, from before it is made until its outcome is known.
  class Call {
   public:
    explicit Call(Breaker& breaker)
        : breaker_(breaker), admitted_(breaker.Admit(is_probe_)) {}
    // A call without a reported outcome says nothing about the remote.
    ~Call() {
      if (is_probe_) breaker_.EndProbe();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // kUnavailable: the call must not be made.
    const Status& admitted() const noexcept { return admitted_; }

    // Reports the outcome. REQUIRES: admitted().ok(); called at most once.
    void Report(const Status& outcome) noexcept {
      assert(admitted_.ok());
      breaker_.Report(outcome, std::exchange(is_probe_, false));
    }

   private:
    Breaker& breaker_;
    bool is_probe_ = false;
    const Status admitted_;
  };

  // The remote seems to be back: if the breaker is open, the next call is a
  // probe.
  void ProbeNow() noexcept APPCACHE_EXCLUDES(mutex_);

  State state() const noexcept APPCACHE_EXCLUDES(mutex_);
  // How often it has opened.
  uint64_t openings() const noexcept {
    return openings_.load(std::memory_order_relaxed);
  }

 private:
  Status Admit(bool& is_probe) APPCACHE_EXCLUDES(mutex_);
  void Report(const Status& outcome, bool was_probe) noexcept
      APPCACHE_EXCLUDES(mutex_);
  void EndProbe() noexcept APPCACHE_EXCLUDES(mutex_);
  void Open() noexcept APPCACHE_REQUIRES(mutex_);

  const BreakerOptions options_;
  const std::shared_ptr<const Clock> clock_;
  const OnChange on_change_;

  // Consecutive failures. Not closed: options_.failures, and it stays there.
  std::atomic<uint32_t> failures_{0};
  std::atomic<uint64_t> openings_{0};

  mutable internal::Mutex mutex_;
  std::mt19937_64 random_ APPCACHE_GUARDED_BY(mutex_);
  TimePoint open_until_ APPCACHE_GUARDED_BY(mutex_) = TimePoint::min();
  bool is_probing_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_BREAKER_H_
