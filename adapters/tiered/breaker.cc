#include "adapters/tiered/breaker.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

namespace appcache::tiered {

bool IsFailure(const Status& outcome) noexcept {
  if (outcome.Is(ErrorCode::kTimeout)) return true;
  // A remote that refuses writes can be read (Backend, "Refused writes").
  return outcome.Is(ErrorCode::kUnavailable) &&
         outcome.error().native_code != EROFS;
}

Breaker::Breaker(const BreakerOptions& options,
                 std::shared_ptr<const Clock> clock, uint64_t seed,
                 OnChange on_change)
    : options_(options),
      clock_(std::move(clock)),
      on_change_(std::move(on_change)),
      random_(seed) {
  assert(options_.failures > 0);
  assert(on_change_ != nullptr);
}

Status Breaker::Admit(bool& is_probe) {
  if (failures_.load(std::memory_order_acquire) < options_.failures) {
    return Status();
  }
  internal::MutexLock guard(mutex_);
  // It may have closed in between.
  if (failures_.load(std::memory_order_relaxed) < options_.failures) {
    return Status();
  }
  const TimePoint now = clock_->Now();
  if (!is_probing_ && now >= open_until_) {
    is_probing_ = is_probe = true;
    return Status();
  }
  return Status(ErrorCode::kUnavailable,
                "the circuit breaker of the remote cache is open: its last " +
                    std::to_string(options_.failures) +
                    " calls failed; check that its server is reachable");
}

void Breaker::Open() noexcept {
  // Between half of open_for and all of it.
  const auto half =
      std::chrono::duration_cast<TimePoint::duration>(options_.open_for) / 2;
  const auto range = std::max<uint64_t>(static_cast<uint64_t>(half.count()), 1);
  open_until_ = clock_->Now() + half + TimePoint::duration(random_() % range);
  openings_.fetch_add(1, std::memory_order_relaxed);
}

void Breaker::Report(const Status& outcome, bool was_probe) noexcept {
  if (!IsFailure(outcome)) {
    if (!was_probe && failures_.load(std::memory_order_relaxed) == 0) return;
    internal::MutexLock guard(mutex_);
    if (was_probe) is_probing_ = false;
    const uint32_t failures = failures_.exchange(0, std::memory_order_acq_rel);
    if (failures >= options_.failures) on_change_(State::kClosed);
    return;
  }
  internal::MutexLock guard(mutex_);
  if (was_probe) is_probing_ = false;
  const uint32_t before = failures_.load(std::memory_order_relaxed);
  if (before < options_.failures) {
    failures_.store(before + 1, std::memory_order_release);
    if (before + 1 == options_.failures) {
      Open();
      on_change_(State::kOpen);
    }
  } else if (was_probe) {
    Open();
  }
}

void Breaker::EndProbe() noexcept {
  internal::MutexLock guard(mutex_);
  is_probing_ = false;
}

void Breaker::ProbeNow() noexcept {
  internal::MutexLock guard(mutex_);
  open_until_ = TimePoint::min();
}

Breaker::State Breaker::state() const noexcept {
  internal::MutexLock guard(mutex_);
  if (failures_.load(std::memory_order_relaxed) < options_.failures) {
    return State::kClosed;
  }
  return is_probing_ ? State::kHalfOpen : State::kOpen;
}

}  // namespace appcache::tiered
