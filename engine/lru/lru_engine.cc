#include "engine/lru/lru_engine.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "engine/lru/hash.h"
#include "engine/lru/limits.h"
#include "engine/support/test_point.h"

namespace appcache::lru {

LruEngine::LruEngine(std::unique_ptr<store::Database> database,
                     Settings settings)
    : settings_(std::move(settings)), database_(std::move(database)) {
  const store::Database* const source = database_.get();
  sessions_ = std::make_shared<Sessions>(
      [source]() { return source->ConnectReader(); },
      [this](std::span<policy::Access> accesses) { AddPending(accesses); });
  if (database_->has_own_readers()) {
    maintenance_ =
        std::make_unique<Maintenance>(settings_.clock, [this] { Maintain(); });
  }
}

Result<std::shared_ptr<LruEngine>> LruEngine::Make(
    std::unique_ptr<store::Database> database, Settings settings) {
  assert(database != nullptr && settings.clock != nullptr);
  std::shared_ptr<LruEngine> engine(
      new LruEngine(std::move(database), std::move(settings)));
  Status started = engine->Start();
  if (started.ok()) started = engine->StartPolicy();
  if (!started.ok()) return engine->Noted(std::move(started));
  return engine;
}

Result<std::shared_ptr<LruEngine>> LruEngine::MakeStorage(
    std::unique_ptr<store::Database> database, Settings settings) {
  assert(database != nullptr && settings.clock != nullptr);
  std::shared_ptr<LruEngine> engine(
      new LruEngine(std::move(database), std::move(settings)));
  Status started = engine->Start();
  if (!started.ok()) return engine->Noted(std::move(started));
  return engine;
}

Status LruEngine::Start() {
  database_->lane().AssertHeld();  // nobody else has this engine
  Status status = writer_.Prepare(database_->writer());
  if (!status.ok()) return status;
  if (database_->has_wal()) {
    checkpointer_.Watch(database_->writer(), settings_.max_log_bytes,
                        database_->checkpoint_pages());
  }
  if (database_->covers_pages()) status = writer_.CoverPages();
  if (!status.ok()) return status;
  if (settings_.max_database_bytes) {
    status =
        size_limit_.Set(database_->writer(), *settings_.max_database_bytes);
  }
  return status;
}

Status LruEngine::StartPolicy() {
  keeps_policy_ = true;
  reads_ = std::make_unique<policy::RecentReads>(settings_.limits.max_entries);
  if (database_->is_persistent()) {
    const Result<int64_t> newest = NewestAccess();
    if (!newest.ok()) return newest.status();
    const TimePoint now = settings_.clock->Now();
    NoteTime(now);
    if (*newest > LatestTick(now)) {
      Status status = FollowClock();
      if (status.Is(ErrorCode::kFull) || status.Is(ErrorCode::kBusy)) {
        settings_.log(LogLevel::kWarning,
                      "times are not corrected yet: " + status.ToString());
      } else if (!status.ok()) {
        return status;
      }
    }
  }
  const auto first_expiry = FirstExpiry();
  if (!first_expiry.ok()) return first_expiry.status();
  const TimePoint now = settings_.clock->Now();
  if (*first_expiry) ArmSweep(now, **first_expiry);
  Status status = EvictToLimits(now);
  internal::TestPoint("open.evicted");
  return status.ok() ? ShrinkIfSparse(now) : status;
}

Result<int64_t> LruEngine::NewestAccess() {
  // Nobody else has this engine, and maintenance has nothing to do.
  database_->lane().AssertHeld();
  return writer_.NewestAccess();
}

Result<std::optional<int64_t>> LruEngine::FirstExpiry() {
  const Result<Held> held = EnterInPlace();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  return writer_.FirstExpiry();
}

LruEngine::~LruEngine() {
  assert(!in_child());
  const Status status = Close();
  if (status.ok()) return;
  try {
    settings_.log(LogLevel::kWarning, status.ToString());
  } catch (const std::bad_alloc&) {
    // No memory for the message.
  }
}

int64_t LruEngine::Hash(std::string_view path) const noexcept {
  return HashPath(path, database_->hash_seed());
}

Status LruEngine::UsedInChild() {
  return Status(ErrorCode::kUnavailable,
                "this cache was opened before fork(), and only the parent may "
                "use it; open a new one in the child");
}

Status LruEngine::CheckUsable() {
  if (in_child()) return UsedInChild();
  const State state = state_.load(std::memory_order_acquire);
  if (state == State::kOpen) return Status();
  if (state == State::kClosed) return Closed();
  return IsInPlace() ? Status() : database_->CheckInPlace();
}

bool LruEngine::IsInPlace() noexcept {
  const bool is_in_place = database_->IsInPlace();
  State from = is_in_place ? State::kMoved : State::kOpen;
  state_.compare_exchange_strong(from,
                                 is_in_place ? State::kOpen : State::kMoved);
  return is_in_place;
}

Status LruEngine::RemoveOwnLog() {
  const Result<Held> held = database_->lane().Enter(settings_.busy_timeout);
  if (!held.ok()) return held.status();
  database_->RemoveOwnLog();
  return Status();
}

Status LruEngine::Closed() const {
  return Status(ErrorCode::kUnavailable,
                "the cache " + database_->name() + " has been closed");
}

Status LruEngine::CheckPath(std::string_view path) {
  Status valid = CheckKeySize(path);
  return valid.ok() ? CheckUsable() : valid;
}

Status LruEngine::Noted(Status status) noexcept {
  if (status.Is(ErrorCode::kUnavailable)) (void)IsInPlace();
  if (status.Is(ErrorCode::kCorrupt) && !is_suspect_.exchange(true)) {
    database_->MarkSuspect();
    settings_.log(LogLevel::kError, status.message());
  }
  return status;
}

Status LruEngine::Flush() {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Status status = FlushAccesses();
  if (!status.ok()) return Noted(std::move(status));
  const Result<Held> held = EnterInPlace();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  status = checkpointer_.Finish();
  if (status.ok()) database_->lane().KeepReserve();
  return Noted(std::move(status));
}

Status LruEngine::Close() {
  if (state_.exchange(State::kClosed, std::memory_order_acq_rel) ==
      State::kClosed) {
    return Status();
  }
  if (maintenance_ != nullptr) maintenance_->Stop();
  // Nothing is written to a file that others do not see.
  const bool is_in_place = database_->IsInPlace();
  // The database is closed whatever fails.
  Status status;
  if (is_in_place) {
    status = WithoutExceptions<Status>([&] { return FlushAccesses(); });
  }
  Status locked;
  const Held held =
      database_->lane().EnterToClose(settings_.busy_timeout, locked);
  held.AssertHolds(database_->lane());
  if (status.ok()) status = locked;
  if (status.ok() && is_in_place) {
    status = WithoutExceptions<Status>([&] {
      database_->lane().AssertHeld();
      return checkpointer_.Finish();
    });
  }
  sessions_->Close();
  if (status.ok() && is_in_place) database_->lane().KeepReserve();
  // Statements are destroyed before their connection.
  size_limit_ = store::SizeLimit();
  writer_ = store::Writer();
  database_->writer() = store::Connection();
  return status;
}

}  // namespace appcache::lru
