// Batches of ResidentEngine: SetMany, and entries that are restored.

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/expiry.h"
#include "engine/lru/limits.h"
#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/support/mutex.h"

namespace appcache::lru {
namespace {

// The tick of no access.
constexpr int64_t kNoTick = std::numeric_limits<int64_t>::max();

}  // namespace

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
  internal::MutexLock guard(evict_mutex_);
  Directory::AccessAll all(directory_);
  if (is_closed()) return Closed();
  const LockedShards shards(all);
  std::array<size_t, Directory::kShards> counts{};
  for (const Change& change : changes) {
    if (change.entry != nullptr) ++counts[Directory::ShardOf(change.h)];
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const Directory::AccessAll::One shard(all, Directory::FirstOfShard(i));
    shard->Reserve(counts[i], true);
  }
  // From here nothing fails.
  const int64_t start = ticks_.Next();
  Directory::Size growth;
  bool has_old_ticks = false;
  for (Change& change : changes) {
    if (change.is_superseded) continue;
    const Directory::AccessAll::One shard(all, change.h);
    Record* record = shard->Find(change.h);
    if (change.entry != nullptr) record = SpareReplaced(*shard, record);
    Entry* const visible = VisibleEntry(record);
    if (change.entry == nullptr) {
      if (visible != nullptr &&
          (!visible->is_resident || visible->key() == change.path)) {
        shard->Remove(*record);
      }
      continue;
    }
    if (change.last_used_micros) {
      change.tick = TickOf(*change.last_used_micros);
      has_old_ticks = true;
    } else {
      change.tick = ticks_.Next();
    }
    const Directory::Size more = Directory::Growth(visible, *change.entry);
    growth.entries += more.entries;
    growth.bytes += more.bytes;
  }
  // Others make way before the new entries are visible. Restored ones may be
  // older than those that are here: they are compared with them below.
  while (!has_old_ticks && all.IsOver(growth) && EvictOne(shards, start)) {
  }
  for (Change& change : changes) {
    if (change.is_superseded || change.entry == nullptr) continue;
    const Directory::AccessAll::One shard(all, change.h);
    // Not what was planned: an entry may have expired since, and been removed.
    shard->Grow(
        Directory::Growth(VisibleEntry(shard->Find(change.h)), *change.entry));
    shard->Put(std::move(change.entry), change.tick);
  }
  if (has_old_ticks) victims_.Forget();
  // Their number may exceed the limits by itself.
  while (all.IsOver({}) && EvictOne(shards, kAnyTick)) {
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
  const internal::LockGuard<FlushTurn> turn(flush_turn_);
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
    ticks_.AdvancePast(std::min(*change.last_used_micros, kLatestTick));
    times.push_back(&restored_[change.h]);
    *times.back() = {kNoTick, *change.last_used_micros};
  }
  Status status = ApplyBatch(changes);
  if (!status.ok()) return status;
  {
    const internal::MutexLock guard(demote_mutex_);
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

}  // namespace appcache::lru
