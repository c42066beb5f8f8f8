// The limits of ResidentEngine: on entries and bytes, and on values in memory.

#include "engine/lru/resident_limits.h"

#include <new>

#include "engine/lru/resident_engine.h"

namespace appcache::lru {
namespace {

// Adds `delta` if the sum is then at most `most`, or smaller than it was.
bool AddUpTo(std::atomic<int64_t>& sum, int64_t delta, uint64_t most) noexcept {
  int64_t old = sum.load(std::memory_order_relaxed);
  do {
    if (delta > 0 && static_cast<uint64_t>(old + delta) > most) return false;
  } while (
      !sum.compare_exchange_weak(old, old + delta, std::memory_order_relaxed));
  return true;
}

}  // namespace

ResidentEngine::Size ResidentEngine::Growth(const Entry* visible,
                                            const Entry& entry) noexcept {
  if (visible == nullptr) return {1, entry.bytes()};
  return {0, entry.bytes() - visible->bytes()};
}

bool ResidentEngine::TryGrow(const Size& growth) noexcept {
  if (growth.entries != 0 && !AddUpTo(directory_.entries, growth.entries,
                                      settings_.limits.max_entries)) {
    return false;
  }
  if (growth.bytes == 0 || AddUpTo(directory_.bytes, growth.bytes,
                                   settings_.limits.max_bytes.value_or(
                                       std::numeric_limits<int64_t>::max()))) {
    return true;
  }
  directory_.entries.fetch_sub(growth.entries, std::memory_order_relaxed);
  return false;
}

void ResidentEngine::Grow(const Size& growth) noexcept {
  directory_.entries.fetch_add(growth.entries, std::memory_order_relaxed);
  directory_.bytes.fetch_add(growth.bytes, std::memory_order_relaxed);
}

void ResidentEngine::Shrink(const Entry& removed) noexcept {
  directory_.entries.fetch_sub(1, std::memory_order_relaxed);
  directory_.bytes.fetch_sub(removed.bytes(), std::memory_order_relaxed);
}

bool ResidentEngine::IsOver(const Size& growth) const noexcept {
  const policy::Counts counts{
      directory_.entries.load(std::memory_order_relaxed) + growth.entries,
      directory_.bytes.load(std::memory_order_relaxed) + growth.bytes};
  return policy::IsOver(settings_.limits, counts);
}

bool ResidentEngine::MakeResidentRoom(uint64_t bytes) noexcept {
  if (bytes > settings_.resident_bytes / kMaxResidentShare) return false;
  // Each value that leaves or enters memory replaces an entry.
  if (!HasMemoryForReaders()) return false;
  if (directory_.resident_bytes() + bytes <= settings_.resident_bytes) {
    return true;
  }
  // A get does not wait for another that makes room.
  const std::unique_lock<std::mutex> lock(demote_mutex_, std::try_to_lock);
  return lock.owns_lock() && Demote(bytes);
}

bool ResidentEngine::Demote(uint64_t bytes) noexcept {
  while (directory_.resident_bytes() + bytes > settings_.resident_bytes) {
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
    Directory::Access access(directory_, victim.h);
    Record* const record = access->Find(victim.h);
    if (record == nullptr || !may_leave(*record) ||
        residency::WasUsedSince(*record, victim.tick)) {
      continue;
    }
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
