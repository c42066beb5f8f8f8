// Lease: until when local copies may be served, and which ones are valid.
//
// Each heartbeat of the remote's watch proves that the tier has received every
// notification about changes before some time T. So a copy that is still there
// is correct as of T, and may be served for as long after T as the policy
// allows. While a link is down, notifications may be missed: a new link begins
// a new epoch, and copies of an older epoch are not served.
//
// Restrictions: knows neither the copies nor the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_LEASE_H_
#define APPCACHE_ADAPTERS_TIERED_LEASE_H_

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>

#include "appcache/tiered_options.h"
#include "appcache/times.h"

namespace appcache::tiered {

// Thread-safe. OnLinked, OnHeartbeat, OnLost and OnUntracked are called one at
// a time.
class Lease {
 public:
  // What holds for a read. Take it before the look at the local cache: a
  // heartbeat that arrives later does not vouch for what was read before it.
  struct Terms {
    uint64_t epoch = 0;
    bool may_serve = false;
    bool is_fresh = false;  // within max_staleness
  };

  // Tiers that use the same local cache, also one after the other, must get
  // values of `first_epoch` that are far apart. REQUIRES: it is below 2^63, so
  // that it does not overflow.
  Lease(const LeasePolicy& policy, uint64_t first_epoch) noexcept
      : policy_(policy), epoch_(first_epoch), oldest_epoch_(first_epoch) {
    assert(first_epoch < uint64_t{1} << 63);
  }

  Terms At(TimePoint now) const noexcept {
    Terms terms;
    // The times come first: a reader that sees the times of a new link then
    // sees its epoch too.
    terms.is_fresh = now <= fresh_until_.load(std::memory_order_acquire);
    terms.may_serve =
        terms.is_fresh || now <= serve_until_.load(std::memory_order_acquire);
    terms.epoch = epoch();
    return terms;
  }

  // The epoch of copies that are fetched from now on.
  uint64_t epoch() const noexcept {
    return epoch_.load(std::memory_order_acquire);
  }

  // True when a copy of `epoch` may be returned because the remote has failed.
  bool IsLastResort(uint64_t epoch) const noexcept {
    return policy_.when_lost == WhenLost::kServeStale &&
           epoch >= oldest_epoch_.load(std::memory_order_acquire) &&
           epoch <= this->epoch();
  }

  // Invalidates all copies. They remain a last resort.
  void OutdateAll() noexcept { epoch_.fetch_add(1, std::memory_order_acq_rel); }

  // Invalidates all copies, also as a last resort.
  void ForgetAll() noexcept {
    const uint64_t next = epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;
    uint64_t oldest = oldest_epoch_.load(std::memory_order_relaxed);
    while (oldest < next && !oldest_epoch_.compare_exchange_weak(
                                oldest, next, std::memory_order_acq_rel)) {
    }
  }

  // A new link: copies are stored from now on, and served from the first
  // heartbeat on.
  void OnLinked() noexcept {
    SetTimes(kNever, kNever);
    OutdateAll();
    SetState(State::kLinked);
  }

  // Every change before `up_to` has been notified.
  void OnHeartbeat(TimePoint up_to) noexcept {
    SetTimes(up_to + policy_.max_staleness,
             policy_.when_lost == WhenLost::kServeStale
                 ? up_to + policy_.max_stale_age
                 : kNever);
  }

  void OnLost() noexcept {
    SetState(State::kLost);
    if (policy_.when_lost == WhenLost::kBypass) SetTimes(kNever, kNever);
  }

  // The remote does not support notifications: a copy's own ttl is the limit.
  void OnUntracked() noexcept {
    SetTimes(kNever, kNever);
    // Before the new epoch: otherwise a copy of the new epoch could be stored
    // with the ttl of a linked state.
    SetState(State::kUntracked);
    OutdateAll();
    SetTimes(TimePoint::max(), kNever);
  }

  bool is_linked() const noexcept { return state() == State::kLinked; }
  bool is_untracked() const noexcept { return state() == State::kUntracked; }
  // False while the link is lost: then changes are not notified, so a copy
  // could be outdated at once.
  bool may_store() const noexcept { return state() != State::kLost; }

 private:
  enum class State : uint8_t { kLost, kLinked, kUntracked };
  static constexpr TimePoint kNever = TimePoint::min();

  State state() const noexcept {
    return state_.load(std::memory_order_acquire);
  }
  void SetState(State state) noexcept {
    state_.store(state, std::memory_order_release);
  }
  void SetTimes(TimePoint fresh_until, TimePoint serve_until) noexcept {
    fresh_until_.store(fresh_until, std::memory_order_release);
    serve_until_.store(serve_until, std::memory_order_release);
  }

  const LeasePolicy policy_;
  std::atomic<uint64_t> epoch_;
  std::atomic<uint64_t> oldest_epoch_;  // of those that are a last resort
  // Copies are fresh until the first time, then stale until the second.
  std::atomic<TimePoint> fresh_until_{kNever};
  std::atomic<TimePoint> serve_until_{kNever};
  std::atomic<State> state_{State::kLost};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_LEASE_H_
