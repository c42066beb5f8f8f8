#include "engine/lru/lru_engine.h"

#include <new>
#include <utility>

#include "engine/lru/hash.h"

namespace appcache {
namespace {

template <class Operation>
Status OrOutOfMemory(const Operation& operation) noexcept {
  try {
    return operation();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory();
  }
}

}  // namespace

LruEngine::LruEngine(std::unique_ptr<store::Database> database,
                     Settings settings)
    : settings_(std::move(settings)), database_(std::move(database)) {
  const store::Database* const source = database_.get();
  sessions_ = std::make_shared<Sessions>(
      [source]() { return source->ConnectReader(); },
      [this](std::span<const policy::Touch> touches) {
        pending_.Add(touches);
      });
  if (!database_->is_borrowed()) {
    maintenance_ = std::make_unique<Maintenance>(settings_.clock,
                                                 [this] { DoOverdueWork(); });
  }
}

Result<std::shared_ptr<LruEngine>> LruEngine::Make(
    std::unique_ptr<store::Database> database, Settings settings) {
  std::shared_ptr<LruEngine> engine(
      new LruEngine(std::move(database), std::move(settings)));
  Status started = engine->Start();
  if (!started.ok()) return engine->Noted(std::move(started));
  return engine;
}

Status LruEngine::Start() {
  Status status = writer_.Prepare(database_->writer());
  if (!status.ok()) return status;
  if (database_->has_log()) {
    log_keeper_.Watch(database_->writer(), settings_.max_log_bytes);
  }
  const auto first = writer_.FirstToExpire();
  if (!first.ok()) return first.status();
  const TimePoint now = settings_.clock->Now();
  if (*first) ArmSweep(now, (*first)->expires_at_ms);
  return EvictToLimits(now);
}

LruEngine::~LruEngine() {
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

Status LruEngine::CheckUsable() const {
  if (fork_guard_.in_child()) {
    return Status(
        ErrorCode::kUnavailable,
        "this cache was opened before fork(), and only the parent may "
        "use it; open a new one in the child");
  }
  const State state = state_.load(std::memory_order_acquire);
  if (state == State::kOpen) return Status();
  if (state == State::kClosed) return Closed();
  return database_->CheckInPlace();  // it may have been moved back
}

Status LruEngine::Closed() const {
  return Status(ErrorCode::kUnavailable,
                "the cache " + database_->name() + " has been closed");
}

Status LruEngine::CheckPath(std::string_view path) const {
  if (path.size() > SqliteCache::kMaxKeyBytes) {
    return Status(ErrorCode::kInvalidKey,
                  "a key path of " + std::to_string(path.size()) +
                      " bytes is longer than the limit of " +
                      std::to_string(SqliteCache::kMaxKeyBytes));
  }
  return CheckUsable();
}

Status LruEngine::Noted(Status status) noexcept {
  if (status.Is(ErrorCode::kCorrupt) && !suspect_.exchange(true)) {
    database_->MarkSuspect();
    settings_.log(LogLevel::kError, status.error().message);
  }
  return status;
}

Status LruEngine::Flush() {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Status status = FlushTouches();
  if (!status.ok()) return Noted(std::move(status));
  const Result<WriterLane::Pass> pass =
      database_->lane().Enter(settings_.busy_timeout);
  if (!pass.ok()) return pass.status();
  if (!writer_.is_prepared()) return Closed();
  return Noted(log_keeper_.Finish());
}

Status LruEngine::Close() {
  if (state_.exchange(State::kClosed, std::memory_order_acq_rel) ==
      State::kClosed) {
    return Status();
  }
  if (maintenance_ != nullptr) maintenance_->Stop();
  // Whatever fails, the database is let go of.
  Status status = OrOutOfMemory([this] { return FlushTouches(); });
  Status locked;
  const WriterLane::Pass pass =
      database_->lane().EnterToClose(settings_.busy_timeout, locked);
  if (status.ok()) status = locked;
  if (status.ok()) {
    status = OrOutOfMemory([this] { return log_keeper_.Finish(); });
  }
  sessions_->Close();
  // Statements go before their connection.
  writer_ = store::Writer();
  database_->writer() = store::Connection();
  return status;
}

}  // namespace appcache
