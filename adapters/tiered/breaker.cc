#include "adapters/tiered/breaker.h"

#include <algorithm>
#include <string>
#include <utility>

namespace appcache::tiered {

bool IsFailure(const Status& outcome) noexcept {
  return outcome.Is(ErrorCode::kTimeout) || outcome.Is(ErrorCode::kUnavailable);
}

Breaker::Breaker(const BreakerOptions& options,
                 std::shared_ptr<const Clock> clock, uint64_t seed,
                 OnChange on_change)
    : options_(options),
      clock_(std::move(clock)),
      on_change_(std::move(on_change)),
      random_(seed) {}

Status Breaker::Admit(bool& is_probe) {
  if (failures_.load(std::memory_order_acquire) < options_.failures) {
    return Status();
  }
  std::lock_guard<std::mutex> guard(mutex_);
  // Closed since.
  if (failures_.load(std::memory_order_relaxed) < options_.failures) {
    return Status();
  }
  const TimePoint now = clock_->Now();
  if (!is_probing_ && now >= opens_until_) {
    is_probing_ = is_probe = true;
    return Status();
  }
  return Status(ErrorCode::kUnavailable,
                "the remote cache failed " + std::to_string(options_.failures) +
                    " times in a row; it is not asked for a moment");
}

void Breaker::Open() noexcept {
  const auto whole =
      std::chrono::duration_cast<TimePoint::duration>(options_.open_for);
  const auto half = static_cast<uint64_t>(whole.count() / 2);
  opens_until_ = clock_->Now() + whole / 2 +
                 TimePoint::duration(random_() % std::max<uint64_t>(half, 1));
  openings_.fetch_add(1, std::memory_order_relaxed);
}

void Breaker::Note(const Status& outcome, bool was_probe) noexcept {
  if (!IsFailure(outcome)) {
    if (!was_probe && failures_.load(std::memory_order_relaxed) == 0) return;
    std::lock_guard<std::mutex> guard(mutex_);
    if (was_probe) is_probing_ = false;
    const uint32_t failures = failures_.exchange(0, std::memory_order_acq_rel);
    if (failures >= options_.failures) on_change_(State::kClosed);
    return;
  }
  std::lock_guard<std::mutex> guard(mutex_);
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
  std::lock_guard<std::mutex> guard(mutex_);
  is_probing_ = false;
}

void Breaker::TryNow() noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  opens_until_ = TimePoint::min();
}

Breaker::State Breaker::state() const noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  if (failures_.load(std::memory_order_relaxed) < options_.failures) {
    return State::kClosed;
  }
  return is_probing_ ? State::kHalfOpen : State::kOpen;
}

}  // namespace appcache::tiered
