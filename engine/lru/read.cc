// The reads of LruEngine.

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "engine/lru/clock_shift.h"
#include "engine/lru/expiry.h"
#include "engine/lru/lru_engine.h"
#include "engine/lru/stored_entry.h"
#include "engine/support/mutex.h"

namespace appcache::lru {
namespace {

// The most accesses that a session records before it passes them on.
constexpr size_t kMaxAccessesPerSession = 4096;

}  // namespace

Status LruEngine::EnterToRead(std::optional<Held>& held) {
  if (database_->has_own_readers()) return Status();
  Result<Held> entered = database_->lane().Enter(settings_.busy_timeout);
  if (entered.ok()) held.emplace(*std::move(entered));
  return entered.status();
}

template <class V, class Read>
Lookup<V> LruEngine::WithSession(const Read& read) {
  const Result<Session*> session = sessions_->ForThisThread();
  if (!session.ok()) return Lookup<V>::Failed(Noted(session.status()));
  std::optional<Held> held;
  if (Status entered = EnterToRead(held); !entered.ok()) {
    return Lookup<V>::Failed(std::move(entered));
  }
  Session& mine = **session;
  internal::MutexLock guard(mine.mutex);
  if (mine.is_closed) return Lookup<V>::Failed(Closed());
  return read(mine, mine.reader);
}

template <class V, class MakeValue>
Lookup<V> LruEngine::Access(std::string_view path, const MakeValue& make) {
  Lookup<V> result = TryAccess<V>(path, make);
  // A FileEngine counts the failures of a file that has moved.
  if (result.has_error() && is_open()) failed_reads_.Increment();
  return result;
}

template <class V, class MakeValue>
Lookup<V> LruEngine::TryAccess(std::string_view path, const MakeValue& make) {
  if (Status usable = CheckPath(path); !usable.ok()) {
    return Lookup<V>::Failed(std::move(usable));
  }
  const int64_t h = Hash(path);
  return WithSession<V>([&](Session& session, store::Reader& reader) {
    Lookup<store::FoundValue> found = reader.Find(h, path);
    if (found.has_error()) return Lookup<V>::Failed(Noted(found.status()));
    const TimePoint now = settings_.clock->Now();
    if (found && !HasExpired(found->expires_at_ms, now)) {
      const uint64_t hits = ++session.hits;
      if (reads_ != nullptr) reads_->NoteHit(h, hits, found->expires_at_ms);
      RecordAccess(session, h, now);
      return Lookup<V>::Hit(make(*std::move(found), now));
    }
    const uint64_t misses = ++session.misses;
    if (reads_ != nullptr && found) reads_->NoteExpired(h, misses);
    if (reads_ != nullptr && !found) {
      reads_->NoteMiss(h, misses, ExpiryClock(now));
    }
    return Lookup<V>::Miss();
  });
}

Lookup<Bytes> LruEngine::Get(std::string_view path) {
  return Access<Bytes>(path, [](store::FoundValue&& found, TimePoint) {
    return std::move(found.value);
  });
}

Lookup<size_t> LruEngine::View(std::string_view path, ValueVisitor visitor) {
  return Get(path).Map([&](const Bytes& value) {
    visitor(value.view());
    return value.size();
  });
}

Lookup<TimedBytes> LruEngine::GetTimed(std::string_view path) {
  return Access<TimedBytes>(path, [](store::FoundValue&& found, TimePoint now) {
    return TimedBytes{std::move(found.value),
                      RemainingTtl(found.expires_at_ms, now)};
  });
}

Lookup<Ttl> LruEngine::GetTtl(std::string_view path) {
  if (Status usable = CheckPath(path); !usable.ok()) {
    return Lookup<Ttl>::Failed(std::move(usable));
  }
  const int64_t h = Hash(path);
  return WithSession<Ttl>([&](Session&, store::Reader& reader) {
    const Lookup<int64_t> found = reader.FindExpiry(h, path);
    if (found.has_error()) return Lookup<Ttl>::Failed(Noted(found.status()));
    const TimePoint now = settings_.clock->Now();
    if (!found || HasExpired(*found, now)) return Lookup<Ttl>::Miss();
    return Lookup<Ttl>::Hit(RemainingTtl(*found, now));
  });
}

void LruEngine::RecordAccess(Session& session, int64_t h,
                             TimePoint now) noexcept {
  NoteTime(now);
  policy::Access access{h, ticks_.Next(now)};
  const size_t most =
      std::min(settings_.touch_flush_count, kMaxAccessesPerSession);
  bool is_first = false;
  bool is_full = false;
  {
    internal::MutexLock guard(session.accesses_mutex);
    std::vector<policy::Access>& accesses = session.accesses;
    if (!accesses.empty() && accesses.back().h == h) {
      accesses.back() = access;
      return;
    }
    is_first = accesses.empty();
    try {
      accesses.push_back(access);
    } catch (const std::bad_alloc&) {
      AddPending({&access, 1});
    }
    is_full = accesses.size() >= most;
    if (is_full) {
      AddPending(accesses);
      accesses.clear();
    }
  }
  if (is_full && pending_.size() >= settings_.touch_flush_count) {
    ArmFlush(now, now);
  } else if (is_first) {
    ArmFlush(now, now + settings_.touch_flush_interval);
  }
}

Lookup<size_t> LruEngine::ReadRow(
    int64_t h, std::string_view path,
    FunctionRef<void(std::string_view, int64_t)> visit) {
  return WithSession<size_t>([&](Session&, store::Reader& reader) {
    Lookup<size_t> found = reader.Visit(h, path, visit);
    if (found.has_error()) (void)Noted(found.status());
    return found;
  });
}

Lookup<int64_t> LruEngine::ReadRowExpiry(int64_t h, std::string_view path) {
  return WithSession<int64_t>([&](Session&, store::Reader& reader) {
    Lookup<int64_t> found = reader.FindExpiry(h, path);
    if (found.has_error()) (void)Noted(found.status());
    return found;
  });
}

Status LruEngine::ForEach(store::Walk::With with, std::string_view prefix,
                          FunctionRef<bool(const StoredEntry&)> visit) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Result<store::Connection> connection = database_->ConnectReader();
  if (!connection.ok()) return Noted(connection.status());
  store::Walk walk;
  Status status = walk.Prepare(*connection, with, prefix);
  if (!status.ok()) return Noted(std::move(status));
  while (!walk.has_ended()) {
    std::optional<Held> held;
    if (Status entered = EnterToRead(held); !entered.ok()) return entered;
    Result<std::vector<store::WalkedRow>> rows = walk.Next();
    held.reset();
    if (!rows.ok()) return Noted(rows.status());
    const TimePoint now = settings_.clock->Now();
    for (store::WalkedRow& row : *rows) {
      if (HasExpired(row.expires_at_ms, now)) continue;
      if (!visit(StoredEntryOf(std::move(row), ClockShift()))) return Status();
    }
  }
  return Noted(walk.damage());
}

Lookup<policy::Counts> LruEngine::ReadCounts() {
  if (Status usable = CheckUsable(); !usable.ok()) {
    return Lookup<policy::Counts>::Failed(std::move(usable));
  }
  return WithSession<policy::Counts>([](Session&, store::Reader& reader) {
    const Result<policy::Counts> read = reader.ReadCounts();
    return read.ok() ? Lookup<policy::Counts>::Hit(*read)
                     : Lookup<policy::Counts>::Failed(read.status());
  });
}

Status LruEngine::Ping() { return ReadCounts().status(); }

CacheStats LruEngine::Counters() {
  CacheStats stats;
  stats.sets = sets_.load(std::memory_order_relaxed);
  stats.invalidations = invalidations_.load(std::memory_order_relaxed);
  stats.write_errors = write_errors_.load(std::memory_order_relaxed);
  stats.evictions = evictions_.load(std::memory_order_relaxed);
  stats.expirations = expirations_.load(std::memory_order_relaxed);
  // In a child, a thread of the parent may hold a mutex for ever.
  if (in_child()) return stats;
  const ReadCounters reads = sessions_->Counters();
  stats.hits = reads.hits;
  const uint64_t failed = failed_reads_.Sum();
  stats.misses = reads.misses + failed;
  stats.read_errors = failed;
  return stats;
}

CacheStats LruEngine::Stats() {
  CacheStats stats = Counters();
  if (in_child()) return stats;
  if (const Lookup<policy::Counts> counts = ReadCounts()) {
    stats.entries = static_cast<uint64_t>(counts->entries);
    stats.bytes = static_cast<uint64_t>(counts->bytes);
    if (reads_ != nullptr) {
      stats.hit_ratio_curve =
          reads_->Estimate(*stats.entries, stats.hits, stats.misses);
    }
  }
  if (const auto use = database_->memory_use()) {
    stats.database_memory_bytes = use->database_bytes;
    stats.log_memory_bytes = use->log_bytes;
  }
  return stats;
}

}  // namespace appcache::lru
