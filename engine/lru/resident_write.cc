// The writes of ResidentEngine: sets of one entry, and removals. Batches are in
// resident_batch.cc, and what concerns the window is in resident_window.cc.

#include <algorithm>
#include <utility>

#include "engine/lru/expiry.h"
#include "engine/lru/limits.h"
#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/support/mutex.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

// A value above this share of the window is written through: it would make
// other writes wait.
constexpr uint64_t kMaxWindowShare = 8;

// A new ttl is tried again only when another thread has changed the entry.
constexpr int kMaxReplacements = 1000;

constexpr auto kAlways = [](const residency::Entry*) { return true; };

}  // namespace

// --- One entry.

template <class MayReplace>
Result<bool> ResidentEngine::Publish(EntryPtr entry,
                                     const MayReplace& may_replace) {
  const int64_t h = entry->h;
  const bool may_expire = entry->expires_at_ms != 0;
  const Section section(epochs_, epochs_.ForThisThread());
  if (is_closed()) return Closed();
  // Before the lock: Next() has a fence, which would lengthen the time that the
  // lock is held.
  const int64_t tick = ticks_.Next();
  internal::TestPoint("set.ticked");
  {
    Directory::Access access(directory_, h);
    access->Reserve(1, may_expire);
    const Entry* const visible = VisibleEntry(access->Find(h));
    if (!may_replace(visible)) return false;
    if (access->TryGrow(Directory::Growth(visible, *entry))) [[likely]] {
      access->Put(std::move(entry), NotBefore(visible, tick));
      return true;
    }
  }
  internal::MutexLock guard(evict_mutex_);
  for (;;) {
    Directory::Size growth;
    {
      Directory::Access access(directory_, h);
      access->Reserve(1, may_expire);
      Record* const record = access->Find(h);
      const Entry* const visible = VisibleEntry(record);
      if (!may_replace(visible)) return false;
      growth = Directory::Growth(visible, *entry);
      if (access->TryGrow(growth)) {
        access->Put(std::move(entry), ticks_.Next());
        return true;
      }
      if (SpareReplaced(*access, record) == nullptr && visible != nullptr) {
        continue;
      }
    }
    MakeRoom(growth);
  }
}

residency::Record* ResidentEngine::SpareReplaced(Directory::Shard& shard,
                                                 Record* record) {
  const Entry* const visible = VisibleEntry(record);
  if (visible == nullptr) return nullptr;
  if (!HasExpiredNow(*visible)) {
    record->tick.store(ticks_.Next(), std::memory_order_relaxed);
    return record;
  }
  shard.Remove(*record);
  return nullptr;
}

template <class Room, class MakeDeadline>
Status ResidentEngine::SetOne(const RawEntry& raw, const Room& room,
                              const MakeDeadline& deadline) {
  const Status fits = CheckEntrySize(settings_.limits, raw.path, raw.value,
                                     "the key is now empty");
  if (!fits.ok()) {
    Status removed = InvalidateOne(raw.path);
    NotePending();
    return removed.ok() ? fits : removed;
  }
  const int64_t expires_at =
      raw.ttl == kNoTtl ? 0 : ExpiryOf(raw.ttl, settings_.clock->Now());
  EntryPtr entry(Entry::New(Hash(raw.path), raw.path, raw.value, expires_at));
  if (entry->content_bytes() > settings_.window.bytes / kMaxWindowShare) {
    return WriteThrough(std::move(entry), deadline());
  }
  if (Status status = room(entry->content_bytes()); !status.ok()) return status;
  const Result<bool> published = Publish(std::move(entry), kAlways);
  if (published.ok()) NotePending();
  return published.status();
}

Status ResidentEngine::CountSet(Status status) noexcept {
  (status.ok() ? sets_ : write_errors_).Increment();
  return status;
}

Status ResidentEngine::TrySet(const RawEntry& raw) {
  if (Status valid = CheckKeySize(raw.path); !valid.ok()) return valid;
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  return CountSet(SetOne(
      raw,
      [this](uint64_t bytes) {
        return HasRoom(bytes) && HasMemoryForReaders() ? Status() : NoRoom();
      },
      [] { return Deadline(); }));
}

Status ResidentEngine::Set(std::span<const RawEntry> entries) {
  for (const RawEntry& entry : entries) {
    if (Status valid = CheckKeySize(entry.path); !valid.ok()) return valid;
  }
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  if (entries.empty()) return Status();
  if (entries.size() == 1) {
    return CountSet(SetOne(
        entries[0], [this](uint64_t bytes) { return WaitForRoom(bytes); },
        [this] { return BusyDeadline(); }));
  }
  Status status = SetMany(entries);
  uint64_t failed = status.ok() ? 0 : entries.size();
  if (status.Is(ErrorCode::kTooLarge)) {
    failed = static_cast<uint64_t>(
        std::count_if(entries.begin(), entries.end(), [&](const RawEntry& raw) {
          return !CheckEntrySize(settings_.limits, raw.path, raw.value, "")
                      .ok();
        }));
  }
  sets_.Add(entries.size() - failed);
  if (failed > 0) write_errors_.Add(failed);
  return status;
}

Result<bool> ResidentEngine::Add(const RawEntry& raw) {
  if (Status valid = CheckKeySize(raw.path); !valid.ok()) return valid;
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  const Result<bool> added = AddOne(raw);
  if (!added.ok()) {
    write_errors_.Increment();
  } else if (*added) {
    sets_.Increment();
  }
  return added;
}

Result<bool> ResidentEngine::AddOne(const RawEntry& raw) {
  Status status = CheckEntrySize(settings_.limits, raw.path, raw.value,
                                 "nothing was changed");
  if (!status.ok()) return status;
  // Without a wait for room that it does not need.
  if (const Lookup<Ttl> present = GetTtl(raw.path); present) return false;
  status = WaitForRoom(raw.path.size() + raw.value.size());
  if (!status.ok()) return status;
  const int64_t h = Hash(raw.path);
  const Section section(epochs_, epochs_.ForThisThread());
  for (;;) {
    // An entry that may be replaced: it has expired, or is another key's.
    const Entry* other = nullptr;
    if (const Entry* const found = directory_.Find(h)) {
      const Result<bool> is_same = HasKey(*found, raw.path);
      if (!is_same.ok()) return is_same.status();
      if (*is_same && !HasExpiredNow(*found)) {
        if (directory_.Find(h) == found) return false;
        continue;
      }
      other = found;
    }
    bool is_unknown = false;
    EntryPtr entry(Entry::New(h, raw.path, raw.value,
                              ExpiryOf(raw.ttl, settings_.clock->Now())));
    const Result<bool> published =
        Publish(std::move(entry), [&](const Entry* visible) {
          if (visible == nullptr || visible == other) return true;
          is_unknown = !visible->is_resident;
          return !is_unknown &&
                 (visible->key() != raw.path || HasExpiredNow(*visible));
        });
    if (!published.ok()) return published;
    if (is_unknown) continue;
    if (*published) NotePending();
    return published;
  }
}

Result<bool> ResidentEngine::SetTtl(std::string_view path, Ttl ttl) {
  if (Status valid = CheckKeySize(path); !valid.ok()) return valid;
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  const Result<bool> replaced = ReplaceTtl(path, ttl);
  if (!replaced.ok()) write_errors_.Increment();
  return replaced;
}

Result<bool> ResidentEngine::ReplaceTtl(std::string_view path, Ttl ttl) {
  const int64_t h = Hash(path);
  uint64_t room = 0;
  for (int i = 0; i < kMaxReplacements; ++i) {
    // Outside the section, which would keep memory from being freed.
    if (room > 0) {
      if (Status status = WaitForRoom(room); !status.ok()) return status;
    }
    const Section section(epochs_, epochs_.ForThisThread());
    if (is_closed()) return Closed();
    const Entry* const found = directory_.Find(h);
    if (found == nullptr) return false;
    Result<EntryPtr> loaded = EntryPtr();
    if (!found->is_resident) {
      loaded = LoadValue(*found, path);
      if (!loaded.ok()) return loaded.status();
      if (*loaded == nullptr) return false;
    }
    const Entry& current = *loaded == nullptr ? *found : **loaded;
    if (current.key() != path || HasExpiredNow(current)) return false;
    if (current.content_bytes() > room) {
      room = current.content_bytes();
      continue;
    }
    EntryPtr entry(Entry::New(h, path, current.value(),
                              ExpiryOf(ttl, settings_.clock->Now())));
    const Result<bool> published =
        Publish(std::move(entry), [&](const Entry* visible) {
          return visible == found || visible == &current;
        });
    if (!published.ok()) return published;
    if (!*published) continue;
    NotePending();
    return true;
  }
  return Status(ErrorCode::kBusy, "an entry of " + name() +
                                      " was changed by other threads each time "
                                      "its ttl was replaced; retry");
}

// --- Removals.

Status ResidentEngine::InvalidateOne(std::string_view path) {
  const int64_t h = Hash(path);
  curve_.NoteRemoval(h);
  const Section section(epochs_, epochs_.ForThisThread());
  if (is_closed()) return Closed();
  // The entry whose value is away, and whether its key is `path`.
  const Entry* away = nullptr;
  bool is_same = false;
  for (;;) {
    const Entry* found = nullptr;
    {
      Directory::Access access(directory_, h);
      Record* const record = access->Find(h);
      found = VisibleEntry(record);
      if (found == nullptr) return Status();
      const bool is_known = found->is_resident || found == away;
      if (is_known) {
        if (found == away ? !is_same : found->key() != path) return Status();
        access->Remove(*record);
        return Status();
      }
    }
    const Result<bool> has_key = HasKey(*found, path);
    if (!has_key.ok()) return has_key.status();
    away = found;
    is_same = *has_key;
  }
}

Status ResidentEngine::Invalidate(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckKeySize(path); !valid.ok()) return valid;
  }
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  Status status;
  for (const std::string_view path : paths) {
    Status removed = InvalidateOne(path);
    (removed.ok() ? invalidations_ : write_errors_).Increment();
    if (status.ok()) status = std::move(removed);
  }
  NotePending();
  return status;
}

Status ResidentEngine::ClearAll(uint64_t& removed) {
  {
    const Section section(epochs_, epochs_.ForThisThread());
    internal::MutexLock guard(evict_mutex_);
    Directory::AccessAll all(directory_);
    if (is_closed()) return Closed();
    removed = all.Clear();
    clears_.fetch_add(1, std::memory_order_relaxed);
    victims_.Forget();
    curve_.NoteClear();
  }
  internal::TestPoint("clear.emptied");
  // Soon: SQLite's memory returns with the flush.
  flush_is_armed_.store(true, std::memory_order_relaxed);
  ArmFlush(settings_.clock->Now());
  return Status();
}

Status ResidentEngine::Clear() {
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  uint64_t removed = 0;
  return ClearAll(removed);
}

Status ResidentEngine::InvalidatePrefix(std::string_view prefix) {
  if (Status valid = CheckKeySize(prefix); !valid.ok()) return valid;
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  uint64_t removed = 0;
  Status status;
  if (prefix.empty()) {
    status = ClearAll(removed);
  } else {
    status = Flush();
    if (status.ok()) {
      status = storage_->ForEachWithPrefix(
          prefix, [&](std::span<const int64_t> hashes, bool) {
            return RemoveWithPrefix(hashes, prefix, removed);
          });
    }
    NotePending();
  }
  invalidations_.Add(removed);
  if (!status.ok()) write_errors_.Increment();
  return status;
}

Status ResidentEngine::RemoveWithPrefix(std::span<const int64_t> hashes,
                                        std::string_view prefix,
                                        uint64_t& removed) {
  const Section section(epochs_, epochs_.ForThisThread());
  if (is_closed()) return Closed();
  for (const int64_t h : hashes) {
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    const Entry* const visible = VisibleEntry(record);
    // If the value is away, the entry is the one of the row, which has the
    // prefix, or a later one of another key with the same hash, whose removal
    // is allowed as an eviction is.
    if (visible == nullptr ||
        (visible->is_resident && !visible->key().starts_with(prefix))) {
      continue;
    }
    curve_.NoteRemoval(h);
    access->Remove(*record);
    ++removed;
  }
  return Status();
}

}  // namespace appcache::lru
