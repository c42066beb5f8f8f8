// The writes of ResidentEngine.

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <utility>

#include "engine/lru/expiry.h"
#include "engine/lru/limits.h"
#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"

namespace appcache::lru {
namespace {

// A value above this share of the window is written through: it would make
// other writes wait.
constexpr uint64_t kMaxWindowShare = 8;

// The most memory that waits for readers.
constexpr size_t kMaxRetiredBytes = size_t{16} << 20;

// The tick of no access.
constexpr int64_t kNoTick = std::numeric_limits<int64_t>::max();

constexpr auto kAlways = [](const residency::Entry*) { return true; };

residency::Entry* Visible(const residency::Record* record) noexcept {
  return record == nullptr || record->Is(residency::Record::kAbsent)
             ? nullptr
             : record->entry();
}

}  // namespace

// --- Room in the window.

bool ResidentEngine::HasMemoryForReaders() const noexcept {
  return directory_.reclaimer().waiting_bytes() <= kMaxRetiredBytes;
}

bool ResidentEngine::HasRoom(uint64_t bytes) const noexcept {
  // What is larger than the window waits until nothing else does.
  const uint64_t pending = directory_.pending_bytes();
  return pending == 0 || pending + bytes <= settings_.window.bytes;
}

Status ResidentEngine::NoRoom() const {
  return Status(last_failure_.load(std::memory_order_relaxed),
                "the write-behind window of " + name() + " (" +
                    std::to_string(settings_.window.bytes) +
                    " bytes) has no room, and the flush that makes some has "
                    "not ended in time; busy_timeout is " +
                    std::to_string(settings_.busy_timeout.count()) + " ms");
}

Status ResidentEngine::WaitForRoom(uint64_t bytes) {
  if (HasRoom(bytes) && HasMemoryForReaders()) [[likely]]
    return Status();
  const Deadline deadline = BusyDeadline();
  // At least one flush, also when the time limit is zero.
  bool has_tried = false;
  while (!HasRoom(bytes)) {
    if (has_tried && std::chrono::steady_clock::now() >= deadline) {
      return NoRoom();
    }
    has_tried = true;
    // Who needs room flushes, or waits for the flush that is in progress. There
    // may be room in between, which another thread takes.
    const FlushTurn::Held turn =
        flush_turn_.EnterUntil(deadline, [&] { return HasRoom(bytes); });
    if (!turn || HasRoom(bytes)) continue;
    Status flushed = TryFlush(/*with_accesses=*/false);
    if (!flushed.ok()) return flushed;
  }
  for (;;) {
    directory_.reclaimer().Collect();
    if (HasMemoryForReaders()) return Status();
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return Status(ErrorCode::kBusy,
                "a reader of " + name() + " holds back more than " +
                    std::to_string(kMaxRetiredBytes >> 20) +
                    " MiB of replaced values; does a visitor block?");
}

void ResidentEngine::NotePending() noexcept {
  if (!flush_is_armed_.load(std::memory_order_relaxed) &&
      !flush_is_armed_.exchange(true, std::memory_order_relaxed)) {
    ArmFlush(settings_.clock->Now() + settings_.window.interval);
  }
  // Flushes that fail are retried with a backoff, and by sets without room.
  if (directory_.pending_bytes() > settings_.window.bytes / 2 &&
      failed_flushes_.load(std::memory_order_relaxed) == 0 &&
      !flush_is_urgent_.load(std::memory_order_relaxed) &&
      !flush_is_urgent_.exchange(true, std::memory_order_relaxed)) {
    ArmFlush(settings_.clock->Now());
  }
}

// --- One entry.

template <class MayReplace>
Result<bool> ResidentEngine::Publish(EntryPtr entry,
                                     const MayReplace& may_replace) {
  const int64_t h = entry->h;
  const bool may_expire = entry->expires_at_ms != 0;
  const Section section(epochs_, epochs_.ForThisThread());
  if (is_closed()) return Closed();
  {
    Directory::Access access(directory_, h);
    access->Reserve(1, may_expire);
    const Entry* const visible = Visible(access->Find(h));
    if (!may_replace(visible)) return false;
    if (TryGrow(Growth(visible, *entry))) [[likely]] {
      access->Put(std::move(entry), ticks_.Next());
      return true;
    }
  }
  std::lock_guard<std::mutex> guard(evict_mutex_);
  for (;;) {
    {
      Directory::Access access(directory_, h);
      access->Reserve(1, may_expire);
      Record* const record = access->Find(h);
      const Entry* const visible = Visible(record);
      if (!may_replace(visible)) return false;
      if (TryGrow(Growth(visible, *entry))) {
        access->Put(std::move(entry), ticks_.Next());
        return true;
      }
      SpareReplaced(*access, record);
    }
    // Without a victim, another thread is about to publish one.
    if (!EvictOne(OneShard(directory_), kAnyTick)) std::this_thread::yield();
  }
}

residency::Record* ResidentEngine::SpareReplaced(Directory::Shard& shard,
                                                 Record* record) {
  const Entry* const visible = Visible(record);
  if (visible == nullptr) return nullptr;
  if (!HasExpiredNow(*visible)) {
    record->tick.store(ticks_.Next(), std::memory_order_relaxed);
    return record;
  }
  Shrink(*visible);
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

Result<uint64_t> ResidentEngine::PrepareRow(const Entry& entry,
                                            Deadline deadline) {
  for (;;) {
    {
      const Section section(epochs_, epochs_.ForThisThread());
      if (is_closed()) return Closed();
      Directory::Access access(directory_, entry.h);
      access->Reserve(1, /*may_expire=*/true);
      const uint64_t clears = clears_.load(std::memory_order_relaxed);
      if (clears == flushed_clears_) {
        if (Record* const record = access->Find(entry.h)) {
          record->Add(Record::kHasRow);  // or may have
        } else {
          access->PutAbsent(EntryPtr(
              Entry::NewAway(entry.h, entry.key_size, entry.value_size, 0)));
        }
        return clears;
      }
    }
    // The next flush would remove the row.
    if (std::chrono::steady_clock::now() >= deadline) return NoRoom();
    Status flushed = TryFlush(/*with_accesses=*/false);
    if (!flushed.ok()) return flushed;
  }
}

Status ResidentEngine::WriteThrough(EntryPtr entry, Deadline deadline) {
  const int64_t h = entry->h;
  const FlushTurn::Held turn = flush_turn_.EnterUntil(deadline);
  if (!turn) return NoRoom();
  const Result<uint64_t> clears = PrepareRow(*entry, deadline);
  if (!clears.ok()) return clears.status();
  const int64_t tick = ticks_.Next();
  last_micros_ = std::max(ticks_.ToMicros(tick), last_micros_ + 1);
  store::WriteBatch batch;
  batch.Put(
      {h, entry->key(), entry->value(), entry->expires_at_ms, last_micros_});
  Status written = storage_->Write(batch);
  if (!written.ok()) {
    // In case that it was a commit which failed and yet took effect.
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    const Entry* const visible = Visible(record);
    if (visible != nullptr && visible->is_resident) access->Rewrite(*record);
    NotePending();
    return written;
  }
  Status published = PublishWritten(std::move(entry), tick, *clears);
  NotePending();  // in case that it will expire
  return published;
}

Status ResidentEngine::PublishWritten(EntryPtr entry, int64_t tick,
                                      uint64_t clears) {
  const int64_t h = entry->h;
  try {
    if (!MakeResidentRoom(entry->content_bytes())) {
      entry.reset(Entry::NewAway(h, entry->key_size, entry->value_size,
                                 entry->expires_at_ms));
    }
    const Section section(epochs_, epochs_.ForThisThread());
    std::lock_guard<std::mutex> guard(evict_mutex_);
    for (;;) {
      {
        Directory::Access access(directory_, h);
        access->Reserve(1, /*may_expire=*/true);
        if (clears_.load(std::memory_order_relaxed) != clears) {
          // The cache was cleared since the row was written: the set came
          // first.
          return Status();
        }
        Record* const record = access->Find(h);
        const Entry* const visible = Visible(record);
        if (TryGrow(Growth(visible, *entry))) {
          access->PutClean(std::move(entry), tick);
          return Status();
        }
        SpareReplaced(*access, record);
      }
      if (!EvictOne(OneShard(directory_), kAnyTick)) std::this_thread::yield();
    }
  } catch (...) {
    // The row is not that of the visible entry.
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    if (const Entry* const visible = Visible(record)) {
      if (visible->is_resident) {
        access->Rewrite(*record);
      } else {
        Shrink(*visible);
        access->Remove(*record);
      }
    }
    throw;
  }
}

Status ResidentEngine::SetMany(std::span<const RawEntry> entries) {
  const TimePoint now = settings_.clock->Now();
  std::vector<Change> changes(entries.size());
  uint64_t bytes = 0;
  Status too_large;
  for (size_t i = 0; i < entries.size(); ++i) {
    const RawEntry& raw = entries[i];
    Change& change = changes[i];
    change.h = Hash(raw.path);
    change.path = raw.path;
    Status fits = CheckEntrySize(settings_.limits, raw.path, raw.value,
                                 "the key is now empty");
    if (!fits.ok()) {
      if (too_large.ok()) too_large = std::move(fits);
      continue;
    }
    change.entry.reset(
        Entry::New(change.h, raw.path, raw.value, ExpiryOf(raw.ttl, now)));
    bytes += change.entry->content_bytes();
  }
  Status status = WaitForRoom(bytes);
  if (status.ok()) status = ApplyBatch(changes);
  if (!status.ok()) return status;
  NotePending();
  return too_large;
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

// --- Batches.

void ResidentEngine::MarkSuperseded(std::vector<Change>& changes) {
  std::vector<size_t> order(changes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return changes[a].h < changes[b].h;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    Change& earlier = changes[order[i - 1]];
    if (earlier.h == changes[order[i]].h) earlier.is_superseded = true;
  }
}

Status ResidentEngine::ApplyBatch(std::vector<Change>& changes) {
  MarkSuperseded(changes);
  const Section section(epochs_, epochs_.ForThisThread());
  std::lock_guard<std::mutex> guard(evict_mutex_);
  Directory::AccessAll all(directory_);
  if (is_closed()) return Closed();
  const LockedShards shards(all);
  std::array<size_t, Directory::kShards> counts{};
  for (const Change& change : changes) {
    if (change.entry != nullptr) ++counts[Directory::ShardOf(change.h)];
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) all.shards()[i].Reserve(counts[i], true);
  }
  // From here nothing fails.
  const int64_t start = ticks_.Next();
  Size growth;
  bool has_old_ticks = false;
  for (Change& change : changes) {
    if (change.is_superseded) continue;
    Directory::Shard& shard = all.ShardOf(change.h);
    Record* record = shard.Find(change.h);
    if (change.entry != nullptr) record = SpareReplaced(shard, record);
    Entry* const visible = Visible(record);
    if (change.entry == nullptr) {
      if (visible != nullptr &&
          (!visible->is_resident || visible->key() == change.path)) {
        Shrink(*visible);
        shard.Remove(*record);
      }
      continue;
    }
    if (change.last_used_micros) {
      change.tick = TickOf(*change.last_used_micros);
      has_old_ticks = true;
    } else {
      change.tick = ticks_.Next();
    }
    const Size more = Growth(visible, *change.entry);
    growth.entries += more.entries;
    growth.bytes += more.bytes;
  }
  // Others make way before the new entries are visible. Restored ones may be
  // older than those that are here: they are compared with them below.
  while (!has_old_ticks && IsOver(growth) && EvictOne(shards, start)) {
  }
  for (Change& change : changes) {
    if (change.is_superseded || change.entry == nullptr) continue;
    Directory::Shard& shard = all.ShardOf(change.h);
    // Not what was planned: an entry may have expired since, and been removed.
    Grow(Growth(Visible(shard.Find(change.h)), *change.entry));
    shard.Put(std::move(change.entry), change.tick);
  }
  if (has_old_ticks) victims_.Forget();
  // Their number may exceed the limits by itself.
  while (IsOver(Size()) && EvictOne(shards, kAnyTick)) {
  }
  return Status();
}

int64_t ResidentEngine::TickOf(int64_t last_used_micros) noexcept {
  // A time of the future is the newest access, in the order of the batch.
  return std::min(ticks_.FromMicros(last_used_micros), ticks_.Next());
}

Status ResidentEngine::Restore(std::span<const StoredEntry> entries) {
  for (const StoredEntry& entry : entries) {
    if (Status valid = CheckKeySize(entry.info.path); !valid.ok()) return valid;
    if (Status valid = CheckTimes(entry.info); !valid.ok()) return valid;
  }
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  const TimePoint now = settings_.clock->Now();
  std::vector<Change> changes;
  changes.reserve(entries.size());
  Status too_large;
  for (const StoredEntry& stored : entries) {
    const EntryInfo& info = stored.info;
    if (info.expires_at && *info.expires_at <= now) continue;
    const int64_t expires_at =
        info.expires_at ? ExpiryClock(*info.expires_at) : 0;
    if (HasExpired(expires_at, now)) continue;
    Change& change = changes.emplace_back();
    change.h = Hash(info.path);
    change.path = info.path;
    Status fits = CheckEntrySize(settings_.limits, info.path,
                                 stored.value.view(), "the key is now empty");
    if (!fits.ok()) {
      if (too_large.ok()) too_large = std::move(fits);
      continue;
    }
    change.last_used_micros = info.last_used.time_since_epoch().count();
    change.entry.reset(
        Entry::New(change.h, info.path, stored.value.view(), expires_at));
  }
  uint64_t bytes = 0;
  for (const Change& change : changes) {
    if (change.entry != nullptr) bytes += change.entry->content_bytes();
  }
  if (Status room = WaitForRoom(bytes); !room.ok()) return room;
  const FlushTurn::Held turn = flush_turn_.Enter();
  Status status = ApplyRestored(changes);
  if (!status.ok()) return status;
  // A failure is retried: the entries are there.
  (void)TryFlush(/*with_accesses=*/true);
  NotePending();  // what has failed, and what will expire
  return too_large;
}

Status ResidentEngine::ApplyRestored(std::vector<Change>& changes) {
  MarkSuperseded(changes);
  std::erase_if(changes,
                [](const Change& change) { return change.is_superseded; });
  // In the order of their accesses, so that times of the future keep it.
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) {
                     return a.last_used_micros < b.last_used_micros;
                   });
  // First, because it allocates. No tick is that of another access.
  std::vector<RestoredTime*> times;
  times.reserve(changes.size());
  for (const Change& change : changes) {
    if (!change.last_used_micros) continue;
    ticks_.AdvancePast(*change.last_used_micros);
    times.push_back(&restored_[change.h]);
    *times.back() = {kNoTick, *change.last_used_micros};
  }
  Status status = ApplyBatch(changes);
  if (!status.ok()) return status;
  {
    const std::lock_guard<std::mutex> guard(demote_mutex_);
    coldest_.Forget();
  }
  auto time = times.begin();
  for (const Change& change : changes) {
    if (change.last_used_micros) (*time++)->tick = change.tick;
  }
  return status;
}

Status ResidentEngine::Load(std::span<const StoredEntry> entries,
                            const std::string& source) {
  Status status = Restore(entries);
  if (!status.Is(ErrorCode::kTooLarge)) return status;
  settings_.log(LogLevel::kWarning,
                "loading " + source + " into " + name() +
                    " skipped an entry: " + status.message());
  return Status();
}

// --- Removals.

Status ResidentEngine::InvalidateOne(std::string_view path) {
  const int64_t h = Hash(path);
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
      found = Visible(record);
      if (found == nullptr) return Status();
      const bool is_known = found->is_resident || found == away;
      if (is_known) {
        if (found == away ? !is_same : found->key() != path) return Status();
        Shrink(*found);
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
    std::lock_guard<std::mutex> guard(evict_mutex_);
    Directory::AccessAll all(directory_);
    if (is_closed()) return Closed();
    removed = all.Clear();
    clears_.fetch_add(1, std::memory_order_relaxed);
    victims_.Forget();
  }
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
    const Entry* const visible = Visible(record);
    // If the value is away, the entry is the one of the row, which has the
    // prefix, or a later one of another key with the same hash, whose removal
    // is allowed as an eviction is.
    if (visible == nullptr ||
        (visible->is_resident && !visible->key().starts_with(prefix))) {
      continue;
    }
    Shrink(*visible);
    access->Remove(*record);
    ++removed;
  }
  return Status();
}

}  // namespace appcache::lru
