#include "engine/lru/lru_engine.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "engine/lru/expiry.h"
#include "engine/lru/hash.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// A use is written within one transaction with so many others that the lane is
// held for about a millisecond.
constexpr size_t kTouchesPerTransaction = 512;

// What a session collects before it hands over.
constexpr size_t kMaxTouchesPerSession = 4096;

// After a flush that took some time, maintenance rests this many times as long:
// flushing takes at most 2 % of the time, however many entries are in use.
// (With 10,000 hot entries in memory and no rest, a get took three times as
// long: each commit makes readers fetch their pages again.)
constexpr int kRestPerFlush = 50;
constexpr uint64_t kExpiredPerTransaction = 256;

// How many uses of entries that are gone may be pending: only a flush tells
// them from others.
constexpr size_t kMaxDeadTouches = 4096;

Status Closed(const std::string& name) {
  return Status(ErrorCode::kUnavailable,
                "the cache " + name + " has been closed");
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
  if (!started.ok()) return started;
  return engine;
}

Status LruEngine::Start() {
  Status status = writer_.Prepare(database_->writer());
  if (!status.ok()) return status;
  if (database_->has_log()) {
    log_keeper_.Watch(database_->writer(), settings_.max_log_bytes);
  }
  const Result<int64_t> newest = writer_.NewestUse();
  if (!newest.ok()) return newest.status();
  ticks_.Pass(*newest);
  const auto first = writer_.FirstToExpire();
  if (!first.ok()) return first.status();
  if (*first) ArmSweep(settings_.clock->Now(), (*first)->expires_at_ms);
  return Status();
}

LruEngine::~LruEngine() {
  if (Status status = Close(); !status.ok()) {
    settings_.log(LogLevel::kWarning, status.ToString());
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
  if (closed_.load(std::memory_order_acquire)) return Closed("object");
  return Status();
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

// --- Reading.

template <class V, class Read>
Lookup<V> LruEngine::WithSession(const Read& read) {
  const Result<Session*> session = sessions_->ForThisThread();
  if (!session.ok()) return Lookup<V>::Failed(Noted(session.status()));
  // A borrowed connection reads and writes: one at a time.
  std::optional<store::WriterLane::Pass> pass;
  if (database_->is_borrowed()) {
    Result<store::WriterLane::Pass> entered =
        database_->lane().Enter(settings_.busy_timeout);
    if (!entered.ok()) return Lookup<V>::Failed(entered.status());
    pass.emplace(*std::move(entered));
  }
  std::lock_guard<std::mutex> guard((*session)->mutex);
  if ((*session)->closed) return Lookup<V>::Failed(Closed("object"));
  return read(**session);
}

Lookup<Bytes> LruEngine::Get(std::string_view path) {
  if (Status usable = CheckPath(path); !usable.ok()) {
    return Lookup<Bytes>::Failed(std::move(usable));
  }
  const int64_t h = Hash(path);
  return WithSession<Bytes>([&](Session& session) {
    Lookup<store::FoundValue> found = session.reader.Find(h, path);
    const TimePoint now = settings_.clock->Now();
    if (found && !HasExpired(found->expires_at_ms, now)) {
      ++session.counters.hits;
      RecordUse(session, h, now);
      return Lookup<Bytes>::Hit(std::move(found->value));
    }
    ++session.counters.misses;
    if (!found.has_error()) return Lookup<Bytes>::Miss();
    ++session.counters.errors;
    return Lookup<Bytes>::Failed(Noted(found.status()));
  });
}

Lookup<Ttl> LruEngine::GetTtl(std::string_view path) {
  if (Status usable = CheckPath(path); !usable.ok()) {
    return Lookup<Ttl>::Failed(std::move(usable));
  }
  const int64_t h = Hash(path);
  return WithSession<Ttl>([&](Session& session) {
    const Lookup<int64_t> found = session.reader.FindExpiry(h, path);
    if (found.has_error()) {
      return Lookup<Ttl>::Failed(Noted(found.status()));
    }
    const TimePoint now = settings_.clock->Now();
    if (!found || HasExpired(*found, now)) return Lookup<Ttl>::Miss();
    return Lookup<Ttl>::Hit(RemainingTtl(*found, now));
  });
}

void LruEngine::RecordUse(Session& session, int64_t h, TimePoint now) noexcept {
  const policy::Touch touch{h, ticks_.Next(now)};
  const size_t most =
      std::min(settings_.touch_flush_count, kMaxTouchesPerSession);
  bool first = false;
  bool full = false;
  {
    std::lock_guard<std::mutex> guard(session.touches_mutex);
    std::vector<policy::Touch>& touches = session.touches;
    if (!touches.empty() && touches.back().h == h) {
      touches.back() = touch;
      return;
    }
    first = touches.empty();
    try {
      touches.push_back(touch);
    } catch (const std::bad_alloc&) {
      pending_.Add({&touch, 1});
    }
    full = touches.size() >= most;
    if (full) {
      pending_.Add(touches);
      touches.clear();
    }
  }
  if (full && pending_.size() >= settings_.touch_flush_count) {
    ArmFlush(now);
  } else if (first) {
    ArmFlush(now + settings_.touch_flush_interval);
  }
}

void LruEngine::ArmFlush(TimePoint due) noexcept {
  if (maintenance_ == nullptr) return;
  maintenance_->Arm(std::max(due, next_flush_.load(std::memory_order_relaxed)));
}

Status LruEngine::ForEach(
    store::Walk::With with,
    const std::function<bool(const StoredEntry&)>& visit) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Result<store::Connection> connection = database_->ConnectReader();
  if (!connection.ok()) return Noted(connection.status());
  store::Walk walk;
  Status status = walk.Prepare(*connection, with);
  if (!status.ok()) return Noted(std::move(status));
  for (;;) {
    std::optional<store::WriterLane::Pass> pass;
    if (database_->is_borrowed()) {
      Result<store::WriterLane::Pass> entered =
          database_->lane().Enter(settings_.busy_timeout);
      if (!entered.ok()) return entered.status();
      pass.emplace(*std::move(entered));
    }
    Result<std::vector<store::WalkedRow>> rows = walk.Next();
    pass.reset();
    if (!rows.ok()) return Noted(rows.status());
    if (rows->empty()) return Status();
    const TimePoint now = settings_.clock->Now();
    for (store::WalkedRow& row : *rows) {
      if (HasExpired(row.expires_at_ms, now)) continue;
      StoredEntry entry;
      entry.info.path = std::move(row.key);
      entry.info.bytes = static_cast<uint64_t>(row.bytes);
      entry.info.last_used =
          TimePoint(std::chrono::microseconds(row.last_used));
      if (row.expires_at_ms != 0) {
        entry.info.expires_at = TimePoint(milliseconds(row.expires_at_ms));
      }
      entry.value = std::move(row.value);
      if (!visit(entry)) return Status();
    }
  }
}

CacheStats LruEngine::Stats() {
  CacheStats stats;
  const ReadCounters reads = sessions_->Counters();
  stats.hits = reads.hits;
  stats.misses = reads.misses;
  stats.read_errors = reads.errors;
  stats.sets = sets_.load(std::memory_order_relaxed);
  stats.invalidations = invalidations_.load(std::memory_order_relaxed);
  stats.write_errors = write_errors_.load(std::memory_order_relaxed);
  stats.evictions = evictions_.load(std::memory_order_relaxed);
  stats.expirations = expirations_.load(std::memory_order_relaxed);
  if (!CheckUsable().ok()) return stats;
  const Lookup<store::Counts> counts =
      WithSession<store::Counts>([](Session& session) {
        const Result<store::Counts> read = session.reader.ReadCounts();
        return read.ok() ? Lookup<store::Counts>::Hit(*read)
                         : Lookup<store::Counts>::Failed(read.status());
      });
  if (counts) {
    stats.entries = static_cast<uint64_t>(counts->entries);
    stats.bytes = static_cast<uint64_t>(counts->bytes);
  }
  return stats;
}

// --- Writing.

template <class Body>
Status LruEngine::WriteWith(const Body& body) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<store::WriterLane::Pass> pass =
      database_->lane().Enter(settings_.busy_timeout);
  if (!pass.ok()) return pass.status();
  // Again: it may have been closed while this call waited.
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  if (pending_.size() > settings_.limits.max_entries + kMaxDeadTouches) {
    // What fails here fails again below.
    (void)FlushTouches().ok();
  }
  Status status = log_keeper_.MakeRoom();
  if (!status.ok()) return Noted(std::move(status));
  evicted_ = policy::Evicted();
  store::Writer::Transaction transaction(writer_);
  status = transaction.Begin();
  if (status.ok()) status = body();
  if (status.ok()) status = transaction.Commit();
  if (!status.ok()) return Noted(std::move(status));
  CountEvicted();
  log_keeper_.AfterCommit();
  return Status();
}

Status LruEngine::EvictToFit(TimePoint now) {
  if (!policy::IsOver(settings_.limits, writer_.counts())) return Status();
  sessions_->CollectTouches();
  return policy::EvictToFit(writer_, pending_, settings_.limits,
                            ExpiryClock(now), evicted_);
}

void LruEngine::CountEvicted() noexcept {
  evictions_.fetch_add(evicted_.evictions, std::memory_order_relaxed);
  expirations_.fetch_add(evicted_.expirations, std::memory_order_relaxed);
  pending_.Forget(evicted_.written);
}

Status LruEngine::PutRow(const store::Row& row, Status& too_large) {
  const uint64_t bytes = row.key.size() + row.value.size();
  const bool over_value = row.value.size() > SqliteCache::kMaxValueBytes;
  const bool over_cache =
      settings_.limits.max_bytes && bytes > *settings_.limits.max_bytes;
  if (!over_value && !over_cache) return writer_.Put(row);
  const uint64_t limit =
      over_value ? SqliteCache::kMaxValueBytes : *settings_.limits.max_bytes;
  if (too_large.ok()) {
    too_large = Status(ErrorCode::kTooLarge,
                       "an entry of " + std::to_string(bytes) +
                           " bytes is larger than the limit of " +
                           std::to_string(limit) + "; its key is now empty");
  }
  const Result<bool> removed = writer_.RemoveKey(row.h, row.key);
  return removed.ok() ? Status() : removed.status();
}

Status LruEngine::Set(std::span<const Cache::RawEntry> entries) {
  for (const Cache::RawEntry& entry : entries) {
    if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  Status too_large;
  int64_t first_expiry = 0;
  Status status = WriteWith([&] {
    for (const Cache::RawEntry& entry : entries) {
      const int64_t expires_at = ExpiryOf(entry.ttl, now);
      if (expires_at != 0 && (first_expiry == 0 || expires_at < first_expiry)) {
        first_expiry = expires_at;
      }
      Status put = PutRow({Hash(entry.path), entry.path, entry.value,
                           expires_at, ticks_.Next(now)},
                          too_large);
      if (!put.ok()) return put;
    }
    return EvictToFit(now);
  });
  if (status.ok() && first_expiry != 0) ArmSweep(now, first_expiry);
  if (status.ok()) status = too_large;
  (status.ok() ? sets_ : write_errors_)
      .fetch_add(entries.size(), std::memory_order_relaxed);
  return status;
}

Status LruEngine::Restore(std::span<const StoredEntry> entries) {
  for (const StoredEntry& entry : entries) {
    if (Status valid = CheckPath(entry.info.path); !valid.ok()) return valid;
  }
  const TimePoint now = settings_.clock->Now();
  Status too_large;
  Status status = WriteWith([&] {
    for (const StoredEntry& entry : entries) {
      const int64_t expires_at =
          entry.info.expires_at ? ExpiryClock(*entry.info.expires_at) : 0;
      if (HasExpired(expires_at, now)) continue;
      const int64_t last_used = entry.info.last_used.time_since_epoch().count();
      ticks_.Pass(last_used);
      Status put = PutRow({Hash(entry.info.path), entry.info.path,
                           entry.value.view(), expires_at, last_used},
                          too_large);
      if (!put.ok()) return put;
    }
    return EvictToFit(now);
  });
  if (status.ok()) ArmSweep(now, ExpiryClock(now));
  return status.ok() ? too_large : status;
}

Status LruEngine::Invalidate(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  Status status = WriteWith([&]() -> Status {
    for (const std::string_view path : paths) {
      const Result<bool> removed = writer_.RemoveKey(Hash(path), path);
      if (!removed.ok()) return removed.status();
    }
    return Status();
  });
  (status.ok() ? invalidations_ : write_errors_)
      .fetch_add(paths.size(), std::memory_order_relaxed);
  return status;
}

Status LruEngine::Clear() {
  Status status = WriteWith([&] { return writer_.Clear(); });
  if (!status.ok()) return status;
  sessions_->CollectTouches();
  pending_.Clear();
  return Status();
}

// --- What is overdue.

Status LruEngine::FlushTouches() {
  sessions_->CollectTouches();
  const std::vector<policy::Touch> touches = pending_.Sorted();
  for (size_t begin = 0; begin < touches.size();
       begin += kTouchesPerTransaction) {
    const std::span<const policy::Touch> batch = std::span(touches).subspan(
        begin, std::min(kTouchesPerTransaction, touches.size() - begin));
    Status status = log_keeper_.MakeRoom();
    if (!status.ok()) return status;
    store::Writer::Transaction transaction(writer_);
    status = transaction.Begin();
    for (size_t i = 0; status.ok() && i < batch.size(); ++i) {
      status = writer_.Touch(batch[i].h, batch[i].tick);
    }
    if (status.ok()) status = transaction.Commit();
    if (!status.ok()) return status;
    pending_.Forget(batch);
    log_keeper_.AfterCommit();
  }
  return Status();
}

Status LruEngine::SweepExpired(TimePoint now) {
  for (;;) {
    const auto first = writer_.FirstToExpire();
    if (!first.ok()) return first.status();
    if (!*first) return Status();
    if (!HasExpired((*first)->expires_at_ms, now)) {
      ArmSweep(now, (*first)->expires_at_ms);
      return Status();
    }
    evicted_ = policy::Evicted();
    store::Writer::Transaction transaction(writer_);
    Status status = transaction.Begin();
    if (status.ok()) {
      status = policy::RemoveExpired(writer_, ExpiryClock(now),
                                     kExpiredPerTransaction, evicted_);
    }
    if (status.ok()) status = transaction.Commit();
    if (!status.ok()) return status;
    CountEvicted();
    log_keeper_.AfterCommit();
  }
}

void LruEngine::ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept {
  if (maintenance_ == nullptr) return;
  const TimePoint earliest = now + settings_.expiry_sweep_interval;
  maintenance_->Arm(std::max(earliest, TimePoint(milliseconds(expires_at_ms))));
}

Status LruEngine::FlushIfRested(TimePoint now) {
  const TimePoint next = next_flush_.load(std::memory_order_relaxed);
  if (now < next) {
    maintenance_->Arm(next);  // woken for something else
    return Status();
  }
  Status status = FlushTouches();
  const TimePoint end = settings_.clock->Now();
  next_flush_.store(end + kRestPerFlush * (end - now),
                    std::memory_order_relaxed);
  return status;
}

void LruEngine::DoOverdueWork() noexcept {
  Status status;
  const TimePoint now = settings_.clock->Now();
  try {
    const Result<store::WriterLane::Pass> pass =
        database_->lane().Enter(settings_.busy_timeout);
    status = pass.status();
    if (status.ok() && !closed_.load(std::memory_order_acquire)) {
      status = FlushIfRested(now);
      if (status.ok()) status = SweepExpired(now);
    }
    if (!status.ok() && status.error().code != last_overdue_failure_) {
      settings_.log(LogLevel::kWarning,
                    "maintenance will try again: " + status.ToString());
    }
    last_overdue_failure_ =
        status.ok() ? ErrorCode::kInternal : status.error().code;
  } catch (const std::exception&) {
    status = Status::OutOfMemory();
  }
  if (!status.ok()) {
    status = Noted(std::move(status));
    maintenance_->Arm(now + settings_.expiry_sweep_interval);
  }
}

Status LruEngine::Flush() {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<store::WriterLane::Pass> pass =
      database_->lane().Enter(settings_.busy_timeout);
  if (!pass.ok()) return pass.status();
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Status status = FlushTouches();
  if (status.ok()) status = log_keeper_.Finish();
  return Noted(std::move(status));
}

Status LruEngine::Close() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return Status();
  if (maintenance_ != nullptr) maintenance_->Stop();
  Status status;
  {
    const store::WriterLane::Pass pass =
        database_->lane().EnterToClose(settings_.busy_timeout, status);
    if (status.ok()) status = FlushTouches();
    if (status.ok()) status = log_keeper_.Finish();
    sessions_->Close();
    // Statements go before their connection.
    writer_ = store::Writer();
    database_->writer() = store::Connection();
  }
  return status;
}

}  // namespace appcache
