// What LruEngine owes SQLite: uses, and the removal of what has expired. Done
// by maintenance, by Flush, and before the cache closes.

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/lru/expiry.h"
#include "engine/lru/lru_engine.h"
#include "engine/policy/flush_rest.h"

namespace appcache {
namespace {

// So many that the lane is held for about a millisecond.
constexpr size_t kTouchesPerBatch = 512;
constexpr uint64_t kExpiredPerBatch = 256;

}  // namespace

Status LruEngine::FlushTouches() {
  sessions_->CollectTouches();
  const bool too_many = TooManyPending();
  const std::vector<policy::Touch> touches = pending_.Sorted();
  std::span<const policy::Touch> left(touches);
  while (!left.empty()) {
    const auto batch = left.first(std::min(kTouchesPerBatch, left.size()));
    bool may_be_undone = false;
    Status status = WriteOnce([&]() -> Status {
      may_be_undone = writer_.is_nested();
      Status written;
      for (const policy::Touch& touch : batch) {
        written = writer_.Touch(touch.h, touch.tick);
        if (!written.ok()) break;
      }
      return written;
    });
    if (!status.ok()) return status;
    if (!may_be_undone || too_many) pending_.Forget(batch);
    left = left.subspan(batch.size());
  }
  return Status();
}

Status LruEngine::SweepExpired(TimePoint now) {
  std::optional<store::Writer::Expiry> first;
  do {
    Status status = WriteOnce([&]() -> Status {
      Status removed = policy::RemoveExpired(writer_, ExpiryClock(now),
                                             kExpiredPerBatch, evicted_);
      if (!removed.ok()) return removed;
      const auto next = writer_.FirstToExpire();
      if (!next.ok()) return next.status();
      first = *next;
      return Status();
    });
    if (!status.ok()) return status;
  } while (first && HasExpired(first->expires_at_ms, now));
  if (first) ArmSweep(now, first->expires_at_ms);
  return Status();
}

void LruEngine::ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept {
  if (maintenance_ == nullptr) return;
  const TimePoint earliest = now + settings_.expiry_sweep_interval;
  maintenance_->Arm(std::max(earliest, TimePoint(Ttl(expires_at_ms))));
}

TimePoint LruEngine::EndOfRest(TimePoint now) const noexcept {
  const TimePoint end = next_flush_.load(std::memory_order_relaxed);
  // Further off than any rest: the clock was set back.
  return end - now <= policy::kLongestRest ? end : now;
}

void LruEngine::ArmFlush(TimePoint now, TimePoint due) noexcept {
  if (maintenance_ != nullptr) maintenance_->Arm(std::max(due, EndOfRest(now)));
}

Status LruEngine::FlushIfRested(TimePoint now) {
  if (const TimePoint rested = EndOfRest(now); now < rested) {
    maintenance_->Arm(rested);  // woken for something else
    return Status();
  }
  Status status = FlushTouches();
  if (!status.ok()) return status;
  const TimePoint end = settings_.clock->Now();
  next_flush_.store(end + policy::RestAfterFlush(end - now),
                    std::memory_order_relaxed);
  return status;
}

void LruEngine::DoOverdueWork() noexcept {
  Status status;
  const TimePoint now = settings_.clock->Now();
  try {
    status = FlushIfRested(now);
    if (status.ok()) status = SweepExpired(now);
    if (status.ok()) {
      last_overdue_failure_.reset();
    } else if (last_overdue_failure_ != status.error().code) {
      last_overdue_failure_ = status.error().code;
      settings_.log(LogLevel::kWarning,
                    "maintenance will try again: " + status.ToString());
    }
  } catch (const std::exception&) {
    status = Status::OutOfMemory();
  }
  if (!status.ok()) {
    status = Noted(std::move(status));
    maintenance_->Arm(now + settings_.expiry_sweep_interval);
  }
}

}  // namespace appcache
