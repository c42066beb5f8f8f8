// LruEngine::FollowClock: what happens when the clock was set back, or when
// somebody has written with a clock that was wrong.
//
// The tables do not have the time of a set, but no access is later than now.
// If one is, the clock was ahead when it was recorded, by at least the
// difference. All times are moved back by that. So an entry lives no longer
// than its ttl from the moment at which the difference is noticed; and accesses
// keep their order.

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/hooks.h"
#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/time_correction.h"

namespace appcache::lru {
namespace {

constexpr int64_t kLatestTick = kLatestAccess.time_since_epoch().count();

}  // namespace

bool LruEngine::IsAhead(int64_t tick, TimePoint now) noexcept {
  return TimePoint(std::chrono::microseconds(tick)) > now + kClockTolerance;
}

void LruEngine::AdvanceTicks(int64_t tick) noexcept {
  ticks_.AdvancePast(std::min(tick, kLatestTick));
}

Status LruEngine::FollowClock(TimePoint now) {
  const Result<Held> held = EnterToWrite();
  if (!held.ok()) return held.status();
  sessions_->CollectAccesses();
  const std::vector<policy::Access> accesses = pending_.Sorted();
  store::WriteBatch batch;
  batch.SetAccesses(accesses);
  store::Writer::Transaction transaction(writer_);
  Status status = transaction.Begin();
  if (status.ok()) status = transaction.Apply(batch);
  if (!status.ok()) return status;
  Result<int64_t> newest = writer_.NewestAccess();
  if (newest.ok() && *newest > kLatestTick) {
    const store::Connection& connection = database_->writer();
    status = store::RenumberAccessesAfter(connection, kLatestTick,
                                          [&] { return ticks_.Next(now); });
    if (!status.ok()) return status;
    newest = writer_.NewestAccess();
  }
  if (!newest.ok()) return newest.status();
  const int64_t last = std::max(*newest, ticks_.last());
  const bool is_ahead = IsAhead(last, now);
  const int64_t by = last - now.time_since_epoch().count();
  if (is_ahead) status = store::MoveTimesBack(database_->writer(), by);
  if (status.ok()) status = transaction.Commit();
  if (!status.ok()) return status;
  pending_.RemoveWritten(accesses);
  ticks_.AdvancePast(*newest);
  if (!is_ahead) return Status();
  // Accesses that are still recorded with the old time are limited to this when
  // they are collected.
  ticks_.MoveBack(by);
  checkpointer_.AfterCommit();
  settings_.log(LogLevel::kWarning,
                "the clock was set back, or was ahead when " +
                    database_->name() +
                    " was last used: its times were moved back by " +
                    std::to_string(by / 1'000'000) + " s");
  return Status();
}

}  // namespace appcache::lru
