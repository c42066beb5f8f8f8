// The reads of ResidentEngine.

#include <algorithm>
#include <utility>

#include "engine/lru/expiry.h"
#include "engine/lru/limits.h"
#include "engine/lru/resident_engine.h"
#include "engine/support/approximate_time.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

// A load starts again only when another thread has changed the entry.
constexpr int kMaxLoads = 1000;

}  // namespace

inline void ResidentEngine::CountHit(Reader& reader, const Record& record,
                                     int64_t tick) noexcept {
  if (curve_.IsSampled(++reader.hits)) [[unlikely]] {
    curve_.NoteHit(record.tick.load(std::memory_order_relaxed), tick);
  }
}

inline void ResidentEngine::CountMiss(Reader& reader, int64_t h) noexcept {
  if (curve_.IsSampled(++reader.misses)) [[unlikely]] {
    curve_.NoteMiss(h, ticks_.Next(),
                    ExpiryClock(settings_.clock->Approximate()));
  }
}

inline void ResidentEngine::CountExpired(Reader& reader) noexcept {
  if (curve_.IsSampled(++reader.misses)) [[unlikely]] {
    curve_.NoteExpired(ticks_.Next());
  }
}

template <class V, class Use>
Lookup<V> ResidentEngine::Access(std::string_view path, const Use& use) {
  if (Status usable = CheckProcess(); !usable.ok()) [[unlikely]] {
    return Lookup<V>::Failed(std::move(usable));
  }
  Reader& reader = epochs_.ForThisThread();
  const Section section(epochs_, reader);
  const int64_t h = Hash(path);
  if (is_closed()) [[unlikely]]
    return Lookup<V>::Failed(Closed());
  // The tick while the entry is fetched, and not for a miss.
  int64_t begun = 0;
  const Entry* const entry =
      directory_.Find(h, [&] { begun = ticks_.Begin(); });
  if (entry == nullptr) {
    // No key that is too long was ever set.
    Status valid = CheckKeySize(path);
    if (valid.ok()) {
      CountMiss(reader, h);
      return Lookup<V>::Miss();
    }
    ++reader.misses;
    ++reader.errors;
    return Lookup<V>::Failed(std::move(valid));
  }
  if (!entry->is_resident) [[unlikely]] {
    return AccessAway<V>(*entry, path, reader, use);
  }
  if (entry->key() != path || HasExpiredNow(*entry)) {
    CountExpired(reader);
    return Lookup<V>::Miss();
  }
  Record& record = *entry->record;
  const int64_t tick = ticks_.End(begun);
  CountHit(reader, record, tick);
  internal::TestPoint("hit.store");
  record.tick.store(tick, std::memory_order_relaxed);
  if (!accesses_are_armed_.load(std::memory_order_relaxed)) [[unlikely]] {
    ArmAccesses();
  }
  return Lookup<V>::Hit(use(*entry));
}

template <class V, class Use>
Lookup<V> ResidentEngine::AccessAway(const Entry& away, std::string_view path,
                                     Reader& reader, const Use& use) {
  const Result<EntryPtr> loaded = LoadValue(away, path);
  if (!loaded.ok()) {
    ++reader.misses;
    ++reader.errors;
    return Lookup<V>::Failed(loaded.status());
  }
  if (*loaded == nullptr || HasExpiredNow(**loaded)) {
    CountExpired(reader);
    return Lookup<V>::Miss();
  }
  Record& record = *(*loaded)->record;
  const int64_t tick = ticks_.Next();
  CountHit(reader, record, tick);
  record.tick.store(tick, std::memory_order_relaxed);
  ArmAccesses();
  return Lookup<V>::Hit(use(**loaded));
}

Result<residency::EntryPtr> ResidentEngine::LoadValue(const Entry& away,
                                                      std::string_view path) {
  const int64_t h = away.h;
  const Entry* expected = &away;
  for (int i = 0; i < kMaxLoads; ++i) {
    // The transaction of this read begins after the record was seen to be
    // clean: the row is that of `expected`, or of a later entry.
    internal::TestPoint("load.begin");
    EntryPtr loaded;
    const Lookup<size_t> row = storage_->ReadRow(
        h, path, [&](std::string_view value, int64_t expires_at_ms) {
          loaded.reset(Entry::New(h, path, value, expires_at_ms));
        });
    if (row.has_error()) return row.status();
    const bool has_room = row && MakeResidentRoom(loaded->content_bytes());
    internal::TestPoint("load.read");
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    if (record == nullptr || record->Is(Record::kAbsent)) return EntryPtr();
    Entry* const current = record->entry();
    if (current == expected) {
      if (!row) return EntryPtr();  // another key has this hash
      loaded->record = record;
      if (has_room && loaded->bytes() == current->bytes() &&
          loaded->expires_at_ms == current->expires_at_ms) {
        loaded->AddReference();
        access->Exchange(*record, EntryPtr(loaded.get()));
      }
      return loaded;
    }
    if (current->is_resident) {
      if (current->key() != path) return EntryPtr();
      current->AddReference();
      return EntryPtr(current);
    }
    expected = current;
  }
  return Status(ErrorCode::kBusy, "an entry of " + name() +
                                      " was changed by other threads each time "
                                      "its value was read; retry");
}

Result<bool> ResidentEngine::HasKey(const Entry& entry, std::string_view path) {
  if (entry.is_resident) return entry.key() == path;
  internal::TestPoint("key.begin");
  const Lookup<int64_t> found = storage_->ReadRowExpiry(entry.h, path);
  internal::TestPoint("key.read");
  if (found.has_error()) return found.status();
  return found.is_hit();
}

bool ResidentEngine::HasExpiredNow(const Entry& entry) const {
  if (entry.expires_at_ms == 0) return false;
  // Never late, so what has expired by this time has expired.
  const TimePoint about_now = settings_.clock->Approximate();
  if (HasExpired(entry.expires_at_ms, about_now)) return true;
  return HasExpired(entry.expires_at_ms, about_now + internal::kMostEarly) &&
         HasExpired(entry.expires_at_ms, settings_.clock->Now());
}

Lookup<Bytes> ResidentEngine::Get(std::string_view path) {
  return Access<Bytes>(path,
                       [](const Entry& entry) { return entry.ShareValue(); });
}

Lookup<size_t> ResidentEngine::View(std::string_view path,
                                    ValueVisitor visitor) {
  return Access<size_t>(path, [&](const Entry& entry) {
    visitor(entry.value());
    return entry.value().size();
  });
}

Lookup<TimedBytes> ResidentEngine::GetTimed(std::string_view path) {
  return Access<TimedBytes>(path, [this](const Entry& entry) {
    Ttl remaining = kNoTtl;
    if (entry.expires_at_ms != 0) {
      // At least a millisecond: it had not expired a moment ago.
      const int64_t now_ms = ExpiryClock(settings_.clock->Now());
      remaining = Ttl(std::max<int64_t>(entry.expires_at_ms - now_ms, 1));
    }
    return TimedBytes{entry.ShareValue(), remaining};
  });
}

Lookup<Ttl> ResidentEngine::GetTtl(std::string_view path) {
  if (Status usable = CheckProcess(); !usable.ok()) {
    return Lookup<Ttl>::Failed(std::move(usable));
  }
  if (Status valid = CheckKeySize(path); !valid.ok()) {
    return Lookup<Ttl>::Failed(std::move(valid));
  }
  const int64_t h = Hash(path);
  const Section section(epochs_, epochs_.ForThisThread());
  if (is_closed()) return Lookup<Ttl>::Failed(Closed());
  for (const Entry* entry = directory_.Find(h); entry != nullptr;) {
    const Result<bool> is_hit = HasKey(*entry, path);
    if (!is_hit.ok()) return Lookup<Ttl>::Failed(is_hit.status());
    const Entry* const again = directory_.Find(h);
    if (again != entry) {
      entry = again;
      continue;
    }
    const TimePoint now = settings_.clock->Now();
    if (!*is_hit || HasExpired(entry->expires_at_ms, now)) break;
    return Lookup<Ttl>::Hit(RemainingTtl(entry->expires_at_ms, now));
  }
  return Lookup<Ttl>::Miss();
}

Status ResidentEngine::ForEach(store::Walk::With with, std::string_view prefix,
                               FunctionRef<bool(const StoredEntry&)> visit) {
  if (Status flushed = Flush(); !flushed.ok()) return flushed;
  return storage_->ForEach(with, prefix, visit);
}

Status ResidentEngine::Ping() {
  if (Status usable = CheckProcess(); !usable.ok()) return usable;
  if (is_closed()) return Closed();
  return storage_->Ping();
}

CacheStats ResidentEngine::Stats() {
  CacheStats stats;
  stats.sets = sets_.Sum();
  stats.invalidations = invalidations_.Sum();
  stats.write_errors = write_errors_.Sum();
  stats.evictions = evictions_.load(std::memory_order_relaxed);
  stats.expirations = expirations_.load(std::memory_order_relaxed);
  stats.flush_failures = flush_failures_.load(std::memory_order_relaxed);
  // In a child, a thread of the parent may hold a mutex for ever.
  if (in_child()) return stats;
  const residency::Epochs::Counts reads = epochs_.Sum();
  stats.hits = reads.hits;
  stats.misses = reads.misses;
  stats.read_errors = reads.errors;
  if (is_closed()) return stats;
  const Directory::Sizes sizes = directory_.sizes();
  stats.entries = static_cast<uint64_t>(sizes.visible.entries);
  stats.bytes = static_cast<uint64_t>(sizes.visible.bytes);
  stats.hit_ratio_curve =
      curve_.Estimate(*stats.entries, reads.hits, reads.misses);
  stats.directory_bytes = sizes.directory_bytes;
  stats.resident_bytes = sizes.resident_bytes;
  stats.pending_bytes = sizes.pending_bytes;
  stats.retired_bytes = directory_.reclaimer().bytes() + sizes.absent_bytes;
  if (const auto use = storage_->memory_use()) {
    stats.database_memory_bytes = use->database_bytes;
    stats.log_memory_bytes = use->log_bytes;
  }
  return stats;
}

}  // namespace appcache::lru
