// How ResidentEngine reaches shards when it evicts: one at a time, or all of
// them locked. Included by the files that implement it only.

#ifndef APPCACHE_ENGINE_LRU_RESIDENT_LIMITS_H_
#define APPCACHE_ENGINE_LRU_RESIDENT_LIMITS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

#include "engine/lru/expiry.h"
#include "engine/lru/resident_engine.h"
#include "engine/support/test_point.h"

namespace appcache::lru {

class ResidentEngine::OneShard {
 public:
  // The shard of an h: Access(owner(), h).
  using Access = Directory::Access;

  explicit OneShard(Directory& directory) noexcept : directory_(directory) {}

  Directory& owner() const noexcept { return directory_; }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    directory_.ForEach(visit);
  }
  size_t record_count() const { return directory_.record_count(); }

 private:
  Directory& directory_;
};

class ResidentEngine::LockedShards {
 public:
  using Access = Directory::AccessAll::One;

  explicit LockedShards(const Directory::AccessAll& all) noexcept : all_(all) {}

  const Directory::AccessAll& owner() const noexcept { return all_; }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (const Directory::Shard& shard : all_.shards()) {
      shard.AssertHeld();
      shard.ForEach(visit);
    }
  }
  size_t record_count() const noexcept { return all_.record_count(); }

 private:
  const Directory::AccessAll& all_;
};

// A value above this share of resident_bytes would displace many others, and
// stays away.
inline constexpr uint64_t kMaxResidentShare = 8;

// The tick of a set that replaces `visible`, which may be null: not before that
// of an access which returned since `tick` was read. REQUIRES: the lock of its
// shard.
inline int64_t NotBefore(const residency::Entry* visible,
                         int64_t tick) noexcept {
  return visible == nullptr
             ? tick
             : std::max(tick, residency::LastUse(*visible->record));
}

// No victim is too recent.
inline constexpr int64_t kAnyTick = std::numeric_limits<int64_t>::max();

template <class Shards>
bool ResidentEngine::RemoveFirstExpired(const Shards& shards, int64_t now_ms) {
  for (;;) {
    const size_t index = directory_.ShardOfFirstExpiry();
    const int64_t first = directory_.FirstExpiryOf(index);
    if (first > now_ms) return false;
    const typename Shards::Access shard(shards.owner(),
                                        Directory::FirstOfShard(index));
    Record* const record = shard->FirstExpired(now_ms);
    // Otherwise the time was that of an entry which is gone, and the shard has
    // corrected it.
    if (record == nullptr || record->entry()->expires_at_ms != first) continue;
    curve_.NoteRemoval(record->entry()->h);
    shard->Remove(*record);
    expirations_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
}

template <class Shards>
bool ResidentEngine::EvictOne(const Shards& shards, int64_t before) {
  if (directory_.FirstExpiry() != Directory::kNever &&
      RemoveFirstExpired(shards, ExpiryClock(settings_.clock->Now()))) {
    return true;
  }
  // After a filling the front is a victim, unless it was used or removed in
  // this instant.
  constexpr int kMaxFillings = 8;
  for (int fillings = 0;;) {
    const policy::VictimQueue::Victim* const front = victims_.Front();
    if (front == nullptr) {
      if (fillings++ == kMaxFillings) return false;
      uint64_t visible = 0;
      const bool found = victims_.Fill(
          shards.record_count(),
          [&](const auto& visit) {
            visible = 0;
            shards.ForEach([&](const Record& record) {
              if (record.Is(Record::kAbsent)) return;
              ++visible;
              visit(record.tick.load(std::memory_order_relaxed),
                    [&] { return record.entry()->h; });
            });
          },
          ticks_.Next());
      if (!found) return false;
      curve_.FitTo(visible);
      continue;
    }
    const policy::VictimQueue::Victim victim = *front;
    if (victim.tick >= before) return false;
    victims_.Pop();
    internal::TestPoint("evict.chosen");
    const typename Shards::Access shard(shards.owner(), victim.h);
    Record* const record = shard->Find(victim.h);
    // Another thread has removed it, which may leave room.
    if (VisibleEntry(record) == nullptr) return true;
    if (residency::WasUsedSince(*record, victim.tick)) continue;
    const Entry& evicted = *record->entry();
    curve_.NoteGhost(evicted.h, residency::LastUse(*record),
                     evicted.expires_at_ms);
    shard->Remove(*record);
    evictions_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
}

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_RESIDENT_LIMITS_H_
