#include "engine/lru/resident_engine.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <limits>
#include <utility>

#include "engine/lru/hash.h"
#include "engine/lru/limits.h"
#include "engine/lru/resident_limits.h"

namespace appcache::lru {

residency::Directory::Limits ResidentEngine::LimitsOf(
    const Settings& settings) noexcept {
  const auto bounded = [](uint64_t limit) {
    return static_cast<int64_t>(
        std::min<uint64_t>(limit, residency::SharedSum::kNoLimit));
  };
  return {.entries = bounded(settings.limits.max_entries),
          .bytes = bounded(settings.limits.max_bytes.value_or(
              std::numeric_limits<uint64_t>::max())),
          .pending_bytes = bounded(settings.window.bytes),
          .resident_bytes = bounded(settings.resident_bytes)};
}

ResidentEngine::ResidentEngine(std::shared_ptr<LruEngine> storage,
                               Settings settings)
    : storage_(std::move(storage)),
      settings_(std::move(settings)),
      hash_seed_(storage_->hash_seed()),
      ticks_(*settings_.clock),
      curve_(settings_.limits.max_entries, ticks_.Next()),
      directory_(epochs_, LimitsOf(settings_)),
      victims_(settings_.limits.max_entries),
      coldest_(settings_.limits.max_entries),
      maintenance_(std::make_unique<Maintenance>(settings_.clock,
                                                 [this] { Maintain(); })) {}

Result<std::shared_ptr<ResidentEngine>> ResidentEngine::Make(
    std::shared_ptr<LruEngine> storage, Settings settings) {
  assert(storage != nullptr && settings.clock != nullptr);
  std::shared_ptr<ResidentEngine> engine(
      new ResidentEngine(std::move(storage), std::move(settings)));
  Status loaded = engine->LoadDirectory();
  if (!loaded.ok()) return loaded;
  return engine;
}

ResidentEngine::~ResidentEngine() {
  assert(!in_child());
  const Status status = WithoutExceptions<Status>([this] { return Close(); });
  if (status.ok()) return;
  try {
    settings_.log(LogLevel::kWarning, status.ToString());
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

Status ResidentEngine::LoadDirectory() {
  const internal::LockGuard<FlushTurn> turn(flush_turn_);
  const Result<store::Connection> reader = storage_->ConnectReader();
  if (!reader.ok()) return reader.status();
  store::Walk walk;
  Status status = walk.Prepare(*reader, store::Walk::With::kKeys);
  while (status.ok() && !walk.has_ended()) {
    const Result<std::vector<store::WalkedRow>> rows = walk.Next();
    if (!rows.ok()) return rows.status();
    for (const store::WalkedRow& row : *rows) {
      const size_t key_size = row.key.size();
      EntryPtr entry(Entry::NewAway(row.h, key_size,
                                    static_cast<size_t>(row.bytes) - key_size,
                                    row.expires_at_ms));
      const int64_t last_used = std::min(row.last_used, kLatestTick);
      ticks_.AdvancePast(last_used);
      last_micros_ = std::max(last_micros_, last_used);
      Directory::Access access(directory_, row.h);
      access->Reserve(1, row.expires_at_ms != 0);
      access->Grow(Directory::Growth(nullptr, *entry));
      access->PutClean(std::move(entry), TickOf(row.last_used));
    }
  }
  if (!status.ok()) return status;
  flushed_ticks_ = ticks_.Next();
  next_sweep_ = settings_.clock->Now() + settings_.expiry_sweep_interval;
  const internal::MutexLock guard(evict_mutex_);
  EvictToLimits();
  if (directory_.record_count() > 0) {
    flush_is_armed_.store(true, std::memory_order_relaxed);
    ArmFlush(settings_.clock->Now());
  }
  return Status();
}

int64_t ResidentEngine::Hash(std::string_view path) const noexcept {
  return HashPath(path, hash_seed_);
}

Status ResidentEngine::Closed() const {
  return Status(ErrorCode::kUnavailable,
                "the cache " + name() + " has been closed");
}

Status ResidentEngine::CheckProcess() const {
  if (!in_child()) [[likely]]
    return Status();
  return LruEngine::UsedInChild();
}

Status ResidentEngine::CheckNotReading() {
  if (in_child() || !epochs_.IsInside()) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "a visitor of a value of " + name() +
                    " called an operation that is not a read; call it after "
                    "the read");
}

Status ResidentEngine::CheckWrite() {
  Status status = CheckProcess();
  if (status.ok()) status = CheckNotReading();
  if (status.ok() && is_closed()) status = Closed();
  return status;
}

Status ResidentEngine::Close() {
  if (in_child()) return Status();
  assert(!epochs_.IsInside());
  if (is_closed_.exchange(true, std::memory_order_seq_cst)) return Status();
  // Calls in progress end; later ones see that it is closed.
  epochs_.WaitForReaders();
  maintenance_->Stop();
  Status status;
  {
    const internal::LockGuard<FlushTurn> turn(flush_turn_);
    status = TryFlush(/*with_accesses=*/true);
  }
  // The database is closed whatever fails.
  status = WithoutExceptions<Status>(
      [&] { return WithUnwritten(std::move(status)); });
  Status closed = storage_->Close();
  return status.ok() ? closed : status;
}

Status ResidentEngine::CopyTo(store::SnapshotFile& file) {
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  LruEngine::Copy copy;
  {
    // Between two flushes, so that the copy is of one moment.
    const internal::LockGuard<FlushTurn> turn(flush_turn_);
    if (is_closed()) return Closed();
    Status status = TryFlush(/*with_accesses=*/true);
    if (!status.ok()) return WithUnwritten(std::move(status));
    status = file.Create(hash_seed_);
    if (!status.ok()) return status;
    Result<LruEngine::Copy> begun = storage_->BeginCopy();
    if (!begun.ok()) return begun.status();
    copy = *std::move(begun);
  }
  return storage_->FinishCopy(std::move(copy), file);
}

}  // namespace appcache::lru
