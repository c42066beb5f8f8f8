// The limits of ResidentEngine: on entries and bytes, and on values in memory.

#include "engine/lru/resident_limits.h"

#include <new>
#include <thread>

#include "engine/lru/resident_engine.h"
#include "engine/support/mutex.h"
#include "engine/support/test_point.h"

namespace appcache::lru {

void ResidentEngine::MakeRoom(const Directory::Size& growth) {
  if (directory_.HasRoom(growth)) return;
  // Without a victim, every candidate has been used or removed since.
  if (!EvictOne(OneShard(directory_), kAnyTick)) std::this_thread::yield();
}

void ResidentEngine::EvictToLimits() {
  Directory::AccessAll all(directory_);
  const LockedShards shards(all);
  while (all.IsOver({}) && EvictOne(shards, kAnyTick)) {
  }
}

bool ResidentEngine::MakeResidentRoom(uint64_t bytes) noexcept {
  if (bytes > settings_.resident_bytes / kMaxResidentShare) return false;
  // Each value that leaves or enters memory replaces an entry.
  if (!HasMemoryForReaders()) return false;
  if (directory_.HasResidentRoom(bytes)) return true;
  // A get does not wait for another that makes room.
  if (!demote_mutex_.try_lock()) return false;
  const internal::MutexLock guard(demote_mutex_, std::adopt_lock);
  return Demote(bytes);
}

bool ResidentEngine::Demote(uint64_t bytes) noexcept {
  while (!directory_.HasResidentRoom(bytes)) {
    if (!DemoteOne()) return false;
  }
  return true;
}

bool ResidentEngine::DemoteOne() noexcept {
  const auto may_leave = [](const Record& record) {
    return !record.Is(Record::kAbsent) && !record.Is(Record::kDirty) &&
           !record.Is(Record::kInBatch) && !record.Is(Record::kAway);
  };
  constexpr int kMaxFillings = 2;
  for (int fillings = 0;;) {
    const policy::VictimQueue::Victim* const front = coldest_.Front();
    if (front == nullptr) {
      if (fillings++ == kMaxFillings) return false;
      const bool found = coldest_.Fill(
          directory_.record_count(),
          [&](const auto& visit) {
            directory_.ForEach([&](const Record& record) {
              if (!may_leave(record)) return;
              visit(record.tick.load(std::memory_order_relaxed),
                    [&] { return record.entry()->h; });
            });
          },
          ticks_.Next());
      if (!found) return false;
      continue;
    }
    const policy::VictimQueue::Victim victim = *front;
    coldest_.Pop();
    internal::TestPoint("demote.chosen");
    Directory::Access access(directory_, victim.h);
    Record* const record = access->Find(victim.h);
    // Another thread has changed it, which may leave room.
    if (record == nullptr || !may_leave(*record)) return true;
    if (residency::WasUsedSince(*record, victim.tick)) continue;
    const Entry& entry = *record->entry();
    try {
      access->Exchange(*record, EntryPtr(Entry::NewAwayOf(entry)));
    } catch (const std::bad_alloc&) {
      return false;
    }
    return true;
  }
}

}  // namespace appcache::lru
