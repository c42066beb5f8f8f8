// What ResidentEngine does in the background: flushes when they are due,
// removes what has expired, and frees memory.

#include <algorithm>

#include "engine/lru/expiry.h"
#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/policy/flush_rest.h"
#include "engine/residency/spare_blocks.h"
#include "engine/support/mutex.h"

namespace appcache::lru {
namespace {

// Entries of one sweep, between which sets that evict get in.
constexpr int kExpiredPerSweep = 256;

// Between two attempts of a flush that fails.
constexpr std::chrono::seconds kLongestBackoff{10};

}  // namespace

void ResidentEngine::ArmFlush(TimePoint due) noexcept {
  maintenance_->Arm(due);
}

void ResidentEngine::ArmAccesses() noexcept {
  if (accesses_are_armed_.exchange(true, std::memory_order_relaxed)) return;
  const TimePoint now = settings_.clock->Now();
  ArmFlush(std::max(now + settings_.touch_flush_interval,
                    next_access_flush_.load(std::memory_order_relaxed)));
}

void ResidentEngine::SweepIfDue(TimePoint now) {
  // The clock may have been set back.
  next_sweep_ = std::min(next_sweep_, now + settings_.expiry_sweep_interval);
  if (now < next_sweep_) return;
  next_sweep_ = now + settings_.expiry_sweep_interval;
  const int64_t now_ms = ExpiryClock(now);
  while (directory_.FirstExpiry() <= now_ms) {
    const internal::MutexLock guard(evict_mutex_);
    for (int i = 0; i < kExpiredPerSweep; ++i) {
      if (!RemoveFirstExpired(OneShard(directory_), now_ms)) return;
    }
  }
}

Status ResidentEngine::FlushAsDue(TimePoint now) {
  const internal::LockGuard<FlushTurn> turn(flush_turn_);
  if (is_closed()) return Status();
  // What comes from here on arms the next run.
  flush_is_armed_.store(false, std::memory_order_relaxed);
  flush_is_urgent_.store(false, std::memory_order_relaxed);
  const TimePoint rested = next_access_flush_.load(std::memory_order_relaxed);
  const bool with_accesses =
      accesses_are_armed_.load(std::memory_order_relaxed) &&
      (now >= rested || rested - now > policy::kLongestRest);
  if (with_accesses) {
    accesses_are_armed_.store(false, std::memory_order_relaxed);
  }
  Status status = TryFlush(with_accesses);
  if (with_accesses) {
    const TimePoint end = settings_.clock->Now();
    next_access_flush_.store(end + policy::RestAfterFlush(end - now),
                             std::memory_order_relaxed);
  }
  if (!status.ok() && with_accesses) {
    accesses_are_armed_.store(true, std::memory_order_relaxed);
  }
  return status;
}

void ResidentEngine::Maintain() noexcept {
  const TimePoint now = settings_.clock->Now();
  SweepIfDue(now);
  const bool rests = failed_flushes_.load(std::memory_order_relaxed) > 0 &&
                     now < next_retry_ && next_retry_ - now <= kLongestBackoff;
  const Status status = rests ? Status() : FlushAsDue(now);
  directory_.reclaimer().Collect();
  directory_.reclaimer().FreeCleared();
  // This thread makes few entries.
  residency::SpareBlocks::FreeAll();
  if (!status.ok()) {
    const int doublings =
        std::min(failed_flushes_.load(std::memory_order_relaxed), 16);
    next_retry_ = now + std::min<TimePoint::duration>(
                            settings_.window.interval * (1 << doublings),
                            kLongestBackoff);
    flush_is_armed_.store(true, std::memory_order_relaxed);
  }
  if (rests || !status.ok()) {
    ArmFlush(next_retry_);
  } else if (flush_is_armed_.load(std::memory_order_relaxed)) {
    ArmFlush(now + settings_.window.interval);
  }
  // A reader holds something back.
  if (directory_.reclaimer().bytes() > 0) {
    ArmFlush(now + settings_.window.interval);
  }
  if (accesses_are_armed_.load(std::memory_order_relaxed)) {
    ArmFlush(std::max(now + settings_.touch_flush_interval,
                      next_access_flush_.load(std::memory_order_relaxed)));
  }
  if (const int64_t first = directory_.FirstExpiry();
      first != Directory::kNever) {
    maintenance_->Arm(std::max(next_sweep_, TimePoint(Ttl(first))));
  }
}

}  // namespace appcache::lru
