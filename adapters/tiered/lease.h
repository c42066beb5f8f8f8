// Lease: until when the local copies may be served, and since when they count.
//
// Each confirmation of the remote proves that every change before some moment
// has been told. So a copy that is still there is right as of that moment, and
// may be served for as long after it as the user allows. A link that has come
// anew may have missed something: then all copies so far are of another epoch,
// which is never served. Knows neither copies nor the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_LEASE_H_
#define APPCACHE_ADAPTERS_TIERED_LEASE_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "adapters/tiered/tiered_options.h"
#include "engine/clock.h"

namespace appcache::tiered {

// Thread-safe. Linked, Confirmed, Lost and Untracked come one at a time.
class Lease {
 public:
  // What holds for a read that begins now. To be taken before the local cache
  // is looked at: what is confirmed later does not speak for what was read
  // before.
  struct Terms {
    uint64_t epoch = 0;
    bool may_serve = false;
    bool is_fresh = false;  // serving it keeps within max_staleness
  };

  // `first_epoch`: a number that is far from those of other tiers that have, or
  // had, copies in the same local cache, and below 2^63.
  Lease(const LeasePolicy& policy, uint64_t first_epoch) noexcept
      : policy_(policy), epoch_(first_epoch), oldest_epoch_(first_epoch) {}

  Terms At(TimePoint now) const noexcept {
    Terms terms;
    // The times first: whoever sees those of a new link sees its epoch too.
    terms.is_fresh = now <= fresh_until_.load(std::memory_order_acquire);
    terms.may_serve =
        terms.is_fresh || now <= serve_until_.load(std::memory_order_acquire);
    terms.epoch = epoch();
    return terms;
  }

  // Of the copies that are fetched from now on.
  uint64_t epoch() const noexcept {
    return epoch_.load(std::memory_order_acquire);
  }

  // Whether a copy of that epoch will do when the remote fails.
  bool IsLastResort(uint64_t epoch) const noexcept {
    return policy_.when_lost == WhenLost::kServeStale &&
           epoch >= oldest_epoch_.load(std::memory_order_acquire) &&
           epoch <= this->epoch();
  }

  // No copy so far is right. Those of an entry that has not changed are a last
  // resort.
  void OutdateAll() noexcept { epoch_.fetch_add(1, std::memory_order_acq_rel); }

  // No copy so far is to be served, come what may.
  void ForgetAll() noexcept {
    const uint64_t next = epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;
    uint64_t oldest = oldest_epoch_.load(std::memory_order_relaxed);
    while (oldest < next && !oldest_epoch_.compare_exchange_weak(
                                oldest, next, std::memory_order_acq_rel)) {
    }
  }

  // The link has come, or come anew: copies are kept, and served as soon as
  // something is confirmed.
  void Linked() noexcept {
    SetTimes(kNever, kNever);
    OutdateAll();
    SetState(State::kLinked);
  }

  void Confirmed(TimePoint moment) noexcept {
    SetTimes(moment + policy_.max_staleness,
             policy_.when_lost == WhenLost::kServeStale
                 ? moment + policy_.max_stale_age
                 : kNever);
  }

  void Lost() noexcept {
    SetState(State::kLost);
    if (policy_.when_lost == WhenLost::kBypass) SetTimes(kNever, kNever);
  }

  // The remote cannot tell: each copy's own ttl is the bound.
  void Untracked() noexcept {
    SetTimes(kNever, kNever);
    // Before the new epoch: a copy of it that was kept as if there were a link
    // would be served for too long.
    SetState(State::kUntracked);
    OutdateAll();
    SetTimes(TimePoint::max(), kNever);
  }

  bool is_linked() const noexcept { return state() == State::kLinked; }
  bool is_untracked() const noexcept { return state() == State::kUntracked; }
  // Whether copies are to be kept: not while nothing is told.
  bool takes_copies() const noexcept { return state() != State::kLost; }

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
  std::atomic<uint64_t> oldest_epoch_;
  std::atomic<TimePoint> fresh_until_{kNever};
  // Beyond that: as stale.
  std::atomic<TimePoint> serve_until_{kNever};
  std::atomic<State> state_{State::kLost};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_LEASE_H_
