// The reading half of LruEngine.

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "engine/lru/expiry.h"
#include "engine/lru/lru_engine.h"

namespace appcache {
namespace {

// What a session collects before it hands over.
constexpr size_t kMaxTouchesPerSession = 4096;

}  // namespace

Status LruEngine::EnterLane(std::optional<WriterLane::Pass>& pass) {
  Result<WriterLane::Pass> entered =
      database_->lane().Enter(settings_.busy_timeout);
  if (entered.ok()) pass.emplace(*std::move(entered));
  return entered.status();
}

template <class V, class Read>
Lookup<V> LruEngine::WithSession(const Read& read) {
  const Result<Session*> session = sessions_->ForThisThread();
  if (!session.ok()) return Lookup<V>::Failed(Noted(session.status()));
  std::optional<WriterLane::Pass> pass;
  if (Status entered = EnterIfBorrowed(pass); !entered.ok()) {
    return Lookup<V>::Failed(std::move(entered));
  }
  std::lock_guard<std::mutex> guard((*session)->mutex);
  if ((*session)->closed) return Lookup<V>::Failed(Closed());
  return read(**session);
}

template <class V, class MakeValue>
Lookup<V> LruEngine::Use(std::string_view path, const MakeValue& make) {
  if (Status usable = CheckPath(path); !usable.ok()) {
    return Lookup<V>::Failed(std::move(usable));
  }
  const int64_t h = Hash(path);
  return WithSession<V>([&](Session& session) {
    Lookup<store::FoundValue> found = session.reader.Find(h, path);
    const TimePoint now = settings_.clock->Now();
    if (found && !HasExpired(found->expires_at_ms, now)) {
      ++session.hits;
      RecordUse(session, h, now);
      return Lookup<V>::Hit(make(*std::move(found), now));
    }
    ++session.misses;
    if (!found.has_error()) return Lookup<V>::Miss();
    ++session.errors;
    return Lookup<V>::Failed(Noted(found.status()));
  });
}

Lookup<Bytes> LruEngine::Get(std::string_view path) {
  return Use<Bytes>(path, [](store::FoundValue&& found, TimePoint) {
    return std::move(found.value);
  });
}

Lookup<TimedBytes> LruEngine::GetTimed(std::string_view path) {
  return Use<TimedBytes>(path, [](store::FoundValue&& found, TimePoint now) {
    return TimedBytes{std::move(found.value),
                      RemainingTtl(found.expires_at_ms, now)};
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
    ArmFlush(now, now);
  } else if (first) {
    ArmFlush(now, now + settings_.touch_flush_interval);
  }
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
    std::optional<WriterLane::Pass> pass;
    if (Status entered = EnterIfBorrowed(pass); !entered.ok()) return entered;
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
        entry.info.expires_at =
            TimePoint(std::chrono::milliseconds(row.expires_at_ms));
      }
      entry.value = std::move(row.value);
      if (!visit(entry)) return Status();
    }
  }
}

Lookup<store::Counts> LruEngine::ReadCounts() {
  if (Status usable = CheckUsable(); !usable.ok()) {
    return Lookup<store::Counts>::Failed(std::move(usable));
  }
  return WithSession<store::Counts>([](Session& session) {
    const Result<store::Counts> read = session.reader.ReadCounts();
    return read.ok() ? Lookup<store::Counts>::Hit(*read)
                     : Lookup<store::Counts>::Failed(read.status());
  });
}

CacheStats LruEngine::Stats() {
  CacheStats stats;
  stats.sets = sets_.load(std::memory_order_relaxed);
  stats.invalidations = invalidations_.load(std::memory_order_relaxed);
  stats.write_errors = write_errors_.load(std::memory_order_relaxed);
  stats.evictions = evictions_.load(std::memory_order_relaxed);
  stats.expirations = expirations_.load(std::memory_order_relaxed);
  if (in_child()) return stats;  // a mutex may be another thread's there
  const ReadCounters reads = sessions_->Counters();
  stats.hits = reads.hits;
  stats.misses = reads.misses;
  stats.read_errors = reads.errors;
  if (const Lookup<store::Counts> counts = ReadCounts()) {
    stats.entries = static_cast<uint64_t>(counts->entries);
    stats.bytes = static_cast<uint64_t>(counts->bytes);
  }
  return stats;
}

}  // namespace appcache
