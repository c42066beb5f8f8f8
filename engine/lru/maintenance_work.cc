// What LruEngine does in the background: writes accesses to SQLite, removes
// expired entries, and returns the memory of removed ones. Flush and Close
// write accesses too.

#include <algorithm>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/expiry.h"
#include "engine/lru/hooks.h"
#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"
#include "engine/policy/flush_rest.h"
#include "engine/policy/shrink.h"
#include "engine/store/free_pages.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

// Batches for which the writer lock is held about a millisecond.
constexpr size_t kAccessesPerBatch = 512;
constexpr uint64_t kExpiredPerBatch = 256;

}  // namespace

Status LruEngine::FlushAccesses() {
  sessions_->CollectAccesses();
  const bool too_many = TooManyPending();
  const std::vector<policy::Access> accesses = pending_.Sorted();
  internal::TestPoint("accesses.sorted");
  std::span<const policy::Access> left(accesses);
  size_t most = kAccessesPerBatch;
  while (!left.empty()) {
    const auto next = left.first(std::min(most, left.size()));
    store::WriteBatch batch;
    batch.SetAccesses(next);
    store::WriteResult result;
    Hooks hooks(*this, TimePoint());
    Status status = Apply(batch, hooks, result);
    if (store::IsDiskFull(status) && most > kRowsOnFullDisk) {
      most = kRowsOnFullDisk;
      continue;
    }
    if (!status.ok()) return status;
    // The ticks may have been set back since they were read.
    const auto is_ahead = [last = ticks_.last()](const policy::Access& access) {
      return access.tick > last;
    };
    if (std::any_of(next.begin(), next.end(), is_ahead)) {
      NoteAhead(settings_.clock->Now());
    }
    // What may be undone stays pending, unless that would be too much.
    if (!result.may_be_undone || too_many) pending_.RemoveWritten(next);
    left = left.subspan(next.size());
  }
  if (const uint64_t lost = pending_.TakeLost(); lost > 0) {
    settings_.log(LogLevel::kWarning,
                  "memory was exhausted: " + std::to_string(lost) +
                      " accesses of " + database_->name() +
                      " were not recorded, and their entries may be evicted "
                      "early");
  }
  return Status();
}

Status LruEngine::SweepingHooks::Evict(policy::EvictionTarget& target,
                                       policy::Evicted& evicted) {
  Status removed =
      policy::RemoveExpired(target, ExpiryClock(now_), most_, evicted);
  if (!removed.ok()) return removed;
  const auto next = target.FirstToExpire();
  if (!next.ok()) return next.status();
  next_expiry_ = *next ? std::optional((*next)->expires_at_ms) : std::nullopt;
  return Status();
}

Status LruEngine::SweepExpired(TimePoint now) {
  uint64_t most = kExpiredPerBatch;
  for (;;) {
    store::WriteResult result;
    SweepingHooks hooks(*this, now, most);
    Status status = Apply(store::WriteBatch(), hooks, result);
    if (store::IsDiskFull(status) && most > kRowsOnFullDisk) {
      most = kRowsOnFullDisk;
      continue;
    }
    if (!status.ok()) return status;
    const std::optional<int64_t> next_expiry = hooks.next_expiry();
    if (next_expiry && HasExpired(*next_expiry, now)) continue;
    if (next_expiry) ArmSweep(now, *next_expiry);
    return Status();
  }
}

void LruEngine::NoteSize(int64_t bytes) noexcept {
  peak_bytes_ = std::max(peak_bytes_, bytes);
  if (fitting_bytes_ &&
      (bytes == 0 || static_cast<uint64_t>(bytes) < *fitting_bytes_ / 2)) {
    fitting_bytes_.reset();
  }
  if (maintenance_ == nullptr || !database_->returns_space()) return;
  const bool should_shrink = policy::ShouldShrink(peak_bytes_, bytes);
  const bool follows_up = has_shrunk_ && bytes < peak_bytes_;
  if (!should_shrink && !follows_up) return;
  if (shrink_is_due_.exchange(true, std::memory_order_relaxed)) return;
  const TimePoint now = settings_.clock->Now();
  maintenance_->Arm(should_shrink ? now
                                  : now + settings_.expiry_sweep_interval);
}

Status LruEngine::ShrinkIfSparse(TimePoint now) {
  if (maintenance_ == nullptr || !database_->returns_space()) return Status();
  const Result<Held> held = EnterInPlace();
  // Maintenance may have begun already, for what this open has evicted.
  if (held.status().Is(ErrorCode::kBusy)) return Status();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  internal::TestPoint("open.counting");
  const Result<store::PageCounts> pages =
      store::CountPages(database_->writer());
  if (!pages.ok()) return pages.status();
  if (policy::HasManyFreePages(pages->all, pages->free) &&
      !shrink_is_due_.exchange(true, std::memory_order_relaxed)) {
    maintenance_->Arm(now);
  }
  return Status();
}

bool LruEngine::HasReturned(const store::PageCounts& counts) const {
  // Memory comes in pieces of some size, and the log has an index.
  constexpr uint64_t kSlack = uint64_t{128} << 10;
  const auto use = database_->memory_use();
  const auto bytes = static_cast<uint64_t>(counts.all * counts.page_bytes);
  return !use ||
         (use->database_bytes < bytes + kSlack && use->log_bytes < kSlack);
}

Status LruEngine::Shrink() {
  int64_t pages = policy::kFirstShrinkPages;
  // A file that others made may be of the mode that keeps its pages.
  bool keeps_pages = false;
  for (int step = 0; state_.load(std::memory_order_relaxed) == State::kOpen;
       ++step) {
    if (step == policy::kMaxShrinkSteps) {
      maintenance_->Arm(settings_.clock->Now());
      break;
    }
    const Result<Held> held = EnterToWrite();
    if (!held.ok()) return held.status();
    held->AssertHolds(database_->lane());
    const store::Connection& writer = database_->writer();
    const Result<store::PageCounts> counts = store::CountPages(writer);
    if (!counts.ok()) return counts.status();
    if (keeps_pages || !policy::HasManyFreePages(counts->all, counts->free)) {
      Status finished = checkpointer_.Finish();
      if (!finished.ok()) return finished;
      peak_bytes_ = writer_.counts().bytes;
      has_shrunk_ = std::exchange(is_shrinking_, false);
      if (HasReturned(*counts)) {
        shrink_is_due_.store(false, std::memory_order_relaxed);
      } else {  // a reader needs the log, or has just used it
        maintenance_->Arm(settings_.clock->Now() +
                          settings_.expiry_sweep_interval);
      }
      return Status();
    }
    const TimePoint start = settings_.clock->Now();
    Status status = store::RemoveFreePages(writer, pages);
    if (store::IsDiskFull(status) && pages > 1) {
      // The log starts over, and fewer pages fit into it.
      checkpointer_.Restart();
      pages = 1;
      continue;
    }
    if (!status.ok()) return status;
    const Result<store::PageCounts> left = store::CountPages(writer);
    if (!left.ok()) return left.status();
    keeps_pages = left->all >= counts->all;
    is_shrinking_ = true;
    pages = policy::NextShrinkPages(pages, settings_.clock->Now() - start);
    checkpointer_.AfterCommit();
  }
  return Status();
}

void LruEngine::ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept {
  if (maintenance_ == nullptr) return;
  const TimePoint earliest = now + settings_.expiry_sweep_interval;
  constexpr auto kLatest = std::chrono::floor<Ttl>(kMaxTime.time_since_epoch());
  const Ttl expiry = std::min(Ttl(expires_at_ms), kLatest);
  maintenance_->Arm(std::max(earliest, TimePoint(expiry)));
}

TimePoint LruEngine::EndOfRest(TimePoint now) const noexcept {
  const TimePoint end = next_flush_.load(std::memory_order_relaxed);
  // A pause that ends later than any can: the clock was set back.
  return end - now <= policy::kLongestRest ? end : now;
}

void LruEngine::ArmFlush(TimePoint now, TimePoint due) noexcept {
  if (maintenance_ != nullptr) maintenance_->Arm(std::max(due, EndOfRest(now)));
}

Status LruEngine::FlushIfRested(TimePoint now) {
  if (const TimePoint rested = EndOfRest(now); now < rested) {
    maintenance_->Arm(rested);  // this run is for something else
    return Status();
  }
  Status status = FlushAccesses();
  if (!status.ok()) return status;
  const TimePoint end = settings_.clock->Now();
  next_flush_.store(end + policy::RestAfterFlush(end - now),
                    std::memory_order_relaxed);
  return status;
}

Status LruEngine::RestoreReserve(TimePoint now) {
  if (!database_->lane().lacks_reserve()) return Status();
  const Result<Held> held = EnterToWrite();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  database_->lane().KeepReserve();
  if (database_->lane().lacks_reserve()) {
    maintenance_->Arm(now + settings_.expiry_sweep_interval);
  }
  return Status();
}

void LruEngine::Maintain() noexcept {
  Status status;
  TimePoint now = settings_.clock->Now();
  try {
    NoteTime(now);
    // A failure of one part does not stop the others: on a full disk, accesses
    // cannot be written, but what has expired can be removed.
    const auto note = [&](Status part) {
      if (status.ok()) status = std::move(part);
    };
    if (IsAhead()) {
      note(FollowClock());
      now = settings_.clock->Now();
    }
    note(FlushIfRested(now));
    if (keeps_policy_) note(SweepExpired(now));
    if (shrink_is_due_.load(std::memory_order_relaxed)) note(Shrink());
    note(RestoreReserve(now));
    if (status.ok()) {
      last_failure_.reset();
    } else if (last_failure_ != status.code() && is_open()) {
      last_failure_ = status.code();
      settings_.log(LogLevel::kWarning,
                    "maintenance failed and will retry: " + status.ToString());
    }
  } catch (const std::exception&) {
    status = Status::OutOfMemory();
  }
  if (!status.ok()) {
    status = Noted(std::move(status));
    // What is to be done is about a file that is gone. The next call opens
    // another one.
    if (!is_open()) return;
    maintenance_->Arm(now + settings_.expiry_sweep_interval);
  }
}

}  // namespace appcache::lru
