// Breaker: keeps calls from a remote that does not answer (the circuit breaker
// of Nygard's "Release It!", with half-open probes).

#ifndef APPCACHE_ADAPTERS_TIERED_BREAKER_H_
#define APPCACHE_ADAPTERS_TIERED_BREAKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "adapters/tiered/tiered_options.h"
#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::tiered {

// Whether the remote failed: it did not answer, or could not be reached. Any
// other error is an answer.
bool IsFailure(const Status& outcome) noexcept;

// Thread-safe. While it is closed a call costs one load.
class Breaker {
 public:
  enum class State {
    kClosed,    // calls go through
    kOpen,      // none does
    kHalfOpen,  // one has gone through and has not ended
  };

  // `on_change(state)` is called with kOpen and kClosed, each time that it has
  // become that; it must not call the breaker.
  using OnChange = std::function<void(State state)>;
  Breaker(const BreakerOptions& options, std::shared_ptr<const Clock> clock,
          uint64_t seed, OnChange on_change);

  // A call of the remote's.
  class Call {
   public:
    explicit Call(Breaker& breaker)
        : breaker_(breaker), admitted_(breaker.Admit(is_probe_)) {}
    // One whose end nobody has told says nothing about the remote.
    ~Call() {
      if (is_probe_) breaker_.EndProbe();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // Success: it may be made. kUnavailable: it must not.
    const Status& admitted() const noexcept { return admitted_; }

    // How it ended.
    void Note(const Status& outcome) noexcept {
      breaker_.Note(outcome, std::exchange(is_probe_, false));
    }

   private:
    Breaker& breaker_;
    bool is_probe_ = false;
    const Status admitted_;
  };

  // The remote has been heard of: the next call may try.
  void TryNow() noexcept;

  State state() const noexcept;
  // How often it has opened.
  uint64_t openings() const noexcept {
    return openings_.load(std::memory_order_relaxed);
  }

 private:
  Status Admit(bool& is_probe);
  void Note(const Status& outcome, bool was_probe) noexcept;
  void EndProbe() noexcept;
  // REQUIRES: mutex_ is held.
  void Open() noexcept;

  const BreakerOptions options_;
  const std::shared_ptr<const Clock> clock_;
  const OnChange on_change_;

  // Failures in a row; options_.failures and more: it is not closed.
  std::atomic<uint32_t> failures_{0};
  std::atomic<uint64_t> openings_{0};

  mutable std::mutex mutex_;
  std::mt19937_64 random_;                    // guarded by mutex_
  TimePoint opens_until_ = TimePoint::min();  // guarded by mutex_
  bool is_probing_ = false;                   // guarded by mutex_
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_BREAKER_H_
