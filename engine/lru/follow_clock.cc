// What LruEngine does when the clock was set back, or when somebody has written
// with a clock that was ahead.
//
// The tables do not have the time of a set, but no set is later than the last
// access. An access that is later than now shows a clock that was ahead, by the
// difference. The row is corrected by that: its entry then lives no longer than
// its ttl from now. Other rows need nothing.
//
// Within a process, times of the clock are compared, not ticks: those run ahead
// of the clock when there are more than a million accesses per second.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/hooks.h"
#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/time_correction.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

using std::chrono::microseconds;

// Clocks of processes, and reads of one clock, may differ by this, and ticks
// may run ahead by it.
constexpr microseconds kTolerance = std::chrono::seconds(10);

// Ticks for corrected accesses: for a million of entries.
constexpr microseconds kSpread = std::chrono::seconds(1);

constexpr microseconds kLogInterval = std::chrono::minutes(10);

// latest_time_ is not written more often than this.
constexpr microseconds kResolution = std::chrono::milliseconds(50);

// Rows that one transaction corrects: the writer lock is held some
// milliseconds, and the log stays small.
constexpr size_t kCorrectionsPerBatch = 256;

int64_t Microseconds(TimePoint time) noexcept {
  return std::clamp<int64_t>(time.time_since_epoch().count(), 0, kLatestTick);
}

}  // namespace

int64_t LruEngine::LatestTick(TimePoint now) const noexcept {
  // The clock of a memory database cannot be set.
  if (!database_->is_persistent()) return kLatestTick;
  return Microseconds(now) + kTolerance.count();
}

void LruEngine::AddPending(std::span<policy::Access> accesses) noexcept {
  const int64_t last = ticks_.last();
  for (policy::Access& access : accesses) {
    access.tick = std::min(access.tick, last);
  }
  pending_.Add(accesses);
}

void LruEngine::NoteAhead(TimePoint now) noexcept {
  times_ahead_.fetch_add(1, std::memory_order_release);
  if (maintenance_ != nullptr && keeps_policy_) maintenance_->Arm(now);
}

void LruEngine::NoteTime(TimePoint now) noexcept {
  if (!database_->is_persistent()) return;
  int64_t latest = latest_time_.load(std::memory_order_relaxed);
  int64_t time = Microseconds(now);
  while (time > latest + kResolution.count()) {
    if (latest_time_.compare_exchange_weak(latest, time,
                                           std::memory_order_relaxed)) {
      return;
    }
  }
  if (time >= latest - kTolerance.count()) return;
  // This thread may have waited since it has read `now`.
  time = Microseconds(settings_.clock->Now());
  if (time >= latest - kTolerance.count()) return;
  if (latest_time_.compare_exchange_strong(latest, time,
                                           std::memory_order_relaxed)) {
    NoteAhead(TimePoint(microseconds(time)));
  }
}

void LruEngine::AdvanceTicksPast(const store::TimeCorrection& rows,
                                 bool is_complete) {
  ticks_.AdvancePast(rows.last_tick());
  if (rows.last_tick() != 0) last_correction_tick_ = rows.last_tick();
  if (!is_complete) return;
  const Result<int64_t> newest = writer_.NewestAccess();
  if (newest.ok()) ticks_.AdvancePast(std::min(*newest, rows.limit()));
}

int64_t LruEngine::FirstCorrectionTick(TimePoint now) const noexcept {
  const int64_t time = Microseconds(now);
  // Accesses since the ticks were set back are later.
  const int64_t first = set_back_at_ != 0 ? std::min(set_back_at_, time) : time;
  const int64_t last = last_correction_tick_;
  const bool continues = last >= first && last < first + kSpread.count();
  return continues ? last + 1 : first;
}

LruEngine::Correction LruEngine::BeginCorrection() {
  // In this order: what is noticed after the first line may be of a time before
  // the second, and needs another correction.
  const uint64_t times_ahead = times_ahead_.load(std::memory_order_acquire);
  const TimePoint now = settings_.clock->Now();
  const int64_t limit = LatestTick(now);
  if (ticks_.last() > limit) set_back_at_ = Microseconds(now);
  return {times_ahead, now, store::TimeCorrection(Microseconds(now), limit)};
}

// Only after rows were corrected: until then their ticks and those of new
// accesses are of one order. Entries whose access is corrected later get the
// ticks between.
void LruEngine::SetTicksBack(const Correction& correction) noexcept {
  if (ticks_.last() <= correction.rows.limit()) return;
  const int64_t tick = Microseconds(correction.now) + kSpread.count();
  ticks_.SetBackTo(tick);
  sessions_->CollectAccesses();
  pending_.LimitTo(tick);
}

Result<bool> LruEngine::CorrectRows(Correction& correction, size_t most) {
  store::TimeCorrection next = correction.rows;
  store::Writer::Transaction transaction(writer_);
  Status status = transaction.Begin();
  if (!status.ok()) return status;
  const Result<size_t> rows =
      next.Step(database_->writer(), FirstCorrectionTick(correction.now), most);
  if (!rows.ok()) return rows.status();
  status = transaction.Commit();
  if (!status.ok()) return status;
  correction.rows = next;
  SetTicksBack(correction);
  const bool is_complete = *rows < most;
  AdvanceTicksPast(correction.rows, is_complete);
  checkpointer_.AfterCommit();
  return is_complete;
}

void LruEngine::EndCorrection(const Correction& correction) noexcept {
  set_back_at_ = 0;
  if (times_corrected_.load(std::memory_order_relaxed) <
      correction.times_ahead) {
    times_corrected_.store(correction.times_ahead, std::memory_order_relaxed);
  }
}

Status LruEngine::FollowClock() {
  std::optional<Correction> correction;
  size_t most = kCorrectionsPerBatch;
  Status status;
  for (;;) {
    internal::TestPoint("follow_clock.enter");
    const Result<Held> held = EnterToWrite();
    status = held.status();
    if (!status.ok()) break;
    held->AssertHolds(database_->lane());
    if (!correction) correction = BeginCorrection();
    const Result<bool> is_complete = CorrectRows(*correction, most);
    status = is_complete.status();
    if (store::IsDiskFull(status) && most > kRowsOnFullDisk) {
      checkpointer_.Restart();
      most = kRowsOnFullDisk;
      continue;
    }
    if (!status.ok()) break;
    if (*is_complete) {
      EndCorrection(*correction);
      break;
    }
  }
  if (!status.ok() && maintenance_ != nullptr) {
    maintenance_->Arm(settings_.clock->Now() + settings_.expiry_sweep_interval);
  }
  if (correction) LogCorrection(correction->rows, correction->now);
  return status;
}

void LruEngine::FollowClockBeforeWrite() {
  if (!keeps_policy_) return;
  NoteTime(settings_.clock->Now());
  if (!IsAhead()) return;
  Correction correction = BeginCorrection();
  const Result<bool> is_complete =
      CorrectRows(correction, kCorrectionsPerBatch);
  if (is_complete.ok() && *is_complete) EndCorrection(correction);
  LogCorrection(correction.rows, correction.now);
}

Status LruEngine::FollowForeignTicks(int64_t newest, bool corrects) {
  const TimePoint now = settings_.clock->Now();
  const int64_t latest = LatestTick(now);
  if (newest <= latest) {
    ticks_.AdvancePast(newest);
    return Status();
  }
  if (!database_->is_persistent() || !keeps_policy_) return Status();
  NoteAhead(now);
  if (!corrects) return Status();
  store::TimeCorrection rows(Microseconds(now), latest);
  const Result<size_t> corrected = rows.Step(
      database_->writer(), FirstCorrectionTick(now), kCorrectionsPerBatch);
  if (!corrected.ok()) return corrected.status();
  AdvanceTicksPast(rows, *corrected < kCorrectionsPerBatch);
  LogCorrection(rows, now);
  return Status();
}

std::vector<LruEngine::StoredTimes> LruEngine::TimesToRestore(
    std::span<const StoredEntry> entries, TimePoint now) const {
  std::vector<StoredTimes> times;
  times.reserve(entries.size());
  std::vector<StoredTimes*> ahead;
  const int64_t latest = LatestTick(now);
  for (const auto& [info, value] : entries) {
    times.push_back(
        {info.last_used.time_since_epoch().count(), info.expires_at});
    if (times.back().last_used > latest && database_->is_persistent()) {
      ahead.push_back(&times.back());  // reserved, so it stays there
    }
  }
  std::stable_sort(ahead.begin(), ahead.end(), [](auto* a, auto* b) {
    return a->last_used < b->last_used;
  });
  int64_t tick = Microseconds(now);
  for (StoredTimes* const entry : ahead) {
    const microseconds difference(entry->last_used - Microseconds(now));
    if (entry->expires_at) *entry->expires_at -= difference;
    entry->last_used = tick;
    tick = std::min(tick + 1, latest);
  }
  return times;
}

void LruEngine::LogCorrection(const store::TimeCorrection& rows,
                              TimePoint now) {
  if (rows.rows() == 0) return;
  // Processes whose clocks differ correct each other's entries all the time.
  const TimePoint next = next_correction_log_.load(std::memory_order_relaxed);
  if (now < next && next - now <= kLogInterval) return;
  next_correction_log_.store(now + kLogInterval, std::memory_order_relaxed);
  settings_.log(
      LogLevel::kWarning,
      "the clock was set back, or was ahead when " + database_->name() +
          " was last used: the times of " + std::to_string(rows.rows()) +
          " entries were moved back, by up to " +
          std::to_string(rows.largest_difference() / 1'000'000) + " s");
}

}  // namespace appcache::lru
