// Entry: key, value and expiry of one entry, immutable in one allocation.
//
//   Entry | key | value
//
// A get finds it by one pointer, and a Bytes of the value shares it. The entry
// of a value that is not in memory has neither key nor value, only their sizes.

#ifndef APPCACHE_ENGINE_RESIDENCY_ENTRY_H_
#define APPCACHE_ENGINE_RESIDENCY_ENTRY_H_

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "appcache/bytes.h"
#include "engine/residency/spare_blocks.h"

namespace appcache::residency {

struct Entry;

// What changes about an entry, apart from it, so that a hit writes to no line
// that another reader needs. Has a stable address, and serves one h as long as
// the entry exists.
struct Record {
  // Of the last access. Readers store it without a lock. LastUse() is right if
  // one of them began before the entry was published and was late. One that was
  // late and began afterwards may replace a newer tick by its own: the access
  // that it forgets overlapped its own.
  std::atomic<int64_t> tick{0};

  // Guarded by the lock of the shard: the current entry, and its state.
  uintptr_t entry_and_state = 0;

  enum State : uintptr_t {
    kDirty = 1,    // differs from what SQLite has or will have
    kInBatch = 2,  // is being written
    kHasRow = 4,   // SQLite has a row with this h, or may have
    kAbsent = 8,   // has been removed; the row has not, or not yet
    // Not in the bits that the alignment of entries leaves free, but above the
    // 48 bits of an address.
    kAway = uintptr_t{1} << 63,  // the entry is not resident
    kStates = kAway | 15,
  };

  Entry* entry() const noexcept {
    return reinterpret_cast<Entry*>(entry_and_state & ~uintptr_t{kStates});
  }
  bool Is(State state) const noexcept { return (entry_and_state & state) != 0; }
  void Add(State state) noexcept { entry_and_state |= state; }
  void Drop(State state) noexcept { entry_and_state &= ~uintptr_t{state}; }
  void SetEntry(Entry* entry) noexcept {
    entry_and_state = reinterpret_cast<uintptr_t>(entry) |
                      (entry_and_state & uintptr_t{kStates & ~kAway}) |
                      (IsResident(*entry) ? 0 : uintptr_t{kAway});
  }

 private:
  static bool IsResident(const Entry& entry) noexcept;
};

struct alignas(16) Entry {
  internal::SharedBlock block{1};  // first: a Bytes refers to it
  int64_t h;
  int64_t expires_at_ms;  // 0: never
  // Set before the entry is published, and not changed then.
  Record* record = nullptr;
  uint32_t key_size;
  uint32_t value_size : 31;
  uint32_t is_resident : 1;
  // Readers read neither of these.
  union {
    // The tick with which it was published, a lower bound of the record's: a
    // get that began before that stores a smaller one.
    int64_t first_tick = 0;
    // Once it was retired: the next one of a list. Bit 0: frees the record too.
    uintptr_t next_retired;
  };

  // One reference. Both throw std::bad_alloc.
  static Entry* New(int64_t h, std::string_view key, std::string_view value,
                    int64_t expires_at_ms) {
    Entry* const made =
        NewOf(h, key.size(), value.size(), expires_at_ms, /*is_resident=*/true);
    // Not memcpy: the data of an empty one may be null.
    key.copy(made->data(), key.size());
    value.copy(made->data() + key.size(), value.size());
    return made;
  }
  // Without key and value.
  static Entry* NewAway(int64_t h, size_t key_size, size_t value_size,
                        int64_t expires_at_ms) {
    return NewOf(h, key_size, value_size, expires_at_ms, /*is_resident=*/false);
  }

  // The same for an entry that is here.
  static Entry* NewAwayOf(const Entry& entry) {
    return NewAway(entry.h, entry.key_size, entry.value_size,
                   entry.expires_at_ms);
  }

  void AddReference() noexcept { internal::SharedBlock::AddReference(&block); }
  void Release() noexcept { internal::SharedBlock::Release(&block); }
  // The same, and keeps the memory for the next entries of this thread.
  void ReleaseToSpare() noexcept {
    if (internal::SharedBlock::IsSole(&block)) {
      SpareBlocks::Free(this, memory_bytes());
    } else {
      Release();
    }
  }

  // What counts against max_bytes.
  int64_t bytes() const noexcept { return int64_t{key_size} + value_size; }
  // The memory that key and value occupy; zero when they are not here.
  size_t content_bytes() const noexcept {
    return is_resident ? size_t{key_size} + value_size : 0;
  }
  size_t memory_bytes() const noexcept {
    return sizeof(Entry) + content_bytes();
  }

  // REQUIRES, of these: is_resident.
  std::string_view key() const noexcept { return {data(), key_size}; }
  std::string_view value() const noexcept {
    return {data() + key_size, value_size};
  }
  Bytes ShareValue() const noexcept {
    auto* const self = const_cast<Entry*>(this);
    self->AddReference();
    return Bytes::Adopt(&self->block, value());
  }

 private:
  static Entry* NewOf(int64_t h, size_t key_size, size_t value_size,
                      int64_t expires_at_ms, bool is_resident) {
    const size_t content = is_resident ? key_size + value_size : 0;
    const size_t size = sizeof(Entry) + content;
    void* memory = SpareBlocks::TryTake(size);
    if (memory == nullptr) {
      memory = internal::SharedBlock::New(SpareBlocks::BlockSize(size));
    }
    auto* const made = new (memory) Entry;
    made->h = h;
    made->expires_at_ms = expires_at_ms;
    made->key_size = static_cast<uint32_t>(key_size);
    made->value_size = static_cast<uint32_t>(value_size);
    made->is_resident = is_resident ? 1 : 0;
    return made;
  }
  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* data() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }
};
static_assert(sizeof(Entry) == 48 && offsetof(Entry, block) == 0);

// The entry of a record; null if it is absent, or the record is null. REQUIRES:
// the lock of its shard.
inline Entry* VisibleEntry(const Record* record) noexcept {
  return record == nullptr || record->Is(Record::kAbsent) ? nullptr
                                                          : record->entry();
}

// The tick of the last access of a record. REQUIRES: the lock of its shard.
inline int64_t LastUse(const Record& record) noexcept {
  return std::max(record.tick.load(std::memory_order_relaxed),
                  record.entry()->first_tick);
}

// Whether that is larger than `tick`. Corrects the tick that a late reader has
// stored. REQUIRES: the lock of its shard.
inline bool WasUsedSince(Record& record, int64_t tick) noexcept {
  int64_t stored = record.tick.load(std::memory_order_relaxed);
  if (stored > tick) return true;
  const int64_t first = record.entry()->first_tick;
  if (first <= tick) return false;
  record.tick.compare_exchange_strong(stored, first, std::memory_order_relaxed);
  return true;
}

inline bool Record::IsResident(const Entry& entry) noexcept {
  return entry.is_resident != 0;
}

struct ReleaseEntry {
  void operator()(Entry* entry) const noexcept { entry->Release(); }
};
// One reference.
using EntryPtr = std::unique_ptr<Entry, ReleaseEntry>;

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_ENTRY_H_
