// SlotTable: from h to Entry, found without a lock and changed under one.
//
// Open addressing with linear probing. A slot is one word: a pointer to the
// entry, 15 bits of its h, and whether the entry is absent (a tombstone), so a
// probe reads other lines only for the entry itself. An entry never moves
// within a table, and a table that grows is copied and then replaced, so a
// reader finds every entry that stays.

#ifndef APPCACHE_ENGINE_RESIDENCY_SLOT_TABLE_H_
#define APPCACHE_ENGINE_RESIDENCY_SLOT_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/residency/entry.h"

namespace appcache::residency {

// The memory of a table; the slots follow. Freed after a grace period.
struct alignas(64) Slots {
  Slots* next_retired = nullptr;
  size_t count;  // a power of two

  std::atomic<uint64_t>* begin() noexcept {
    return reinterpret_cast<std::atomic<uint64_t>*>(this + 1);
  }
  size_t memory_bytes() const noexcept { return sizeof(Slots) + 8 * count; }

  // Empty slots. Throws std::bad_alloc.
  static Slots* New(size_t count);
  static void Free(Slots* slots) noexcept;
};

// Where a table is, in one word: the address of its first slot, and the
// logarithm of their number in the low six bits. Lives apart from the table, in
// an array that is seldom written.
using TableWord = std::atomic<uintptr_t>;

// The word of a table without entries.
uintptr_t EmptyTableWord() noexcept;

namespace slot {

inline constexpr uint64_t kEmpty = 0;
inline constexpr uint64_t kDeleted = 2;  // a search goes on behind it
inline constexpr uint64_t kAbsent = 1;

// Of the bits that neither the shard nor the place is chosen by; never zero, so
// that an empty or deleted slot matches nothing.
constexpr uint64_t TagOf(int64_t h) noexcept {
  return (static_cast<uint64_t>(h) >> 40 & 0x7fff) << 1 | 1;
}
inline Entry* EntryOf(uint64_t word) noexcept {
  constexpr uint64_t kPointerBits = (uint64_t{1} << 48) - 16;
  return reinterpret_cast<Entry*>(word & kPointerBits);
}
inline uint64_t WordOf(const Entry* entry, bool is_absent) noexcept {
  return TagOf(entry->h) << 48 | reinterpret_cast<uintptr_t>(entry) |
         (is_absent ? kAbsent : 0);
}

}  // namespace slot

// Any thread, inside a section of the epochs. The visible entry with this h, or
// null. Calls `before_read()` while the line of an entry is fetched, before it
// is read; not for most of the h that have no entry.
template <class BeforeRead>
const Entry* FindEntry(const TableWord& table, int64_t h,
                       const BeforeRead& before_read) noexcept {
  const uintptr_t word = table.load(std::memory_order_acquire);
  const auto* const slots =
      reinterpret_cast<const std::atomic<uint64_t>*>(word & ~uintptr_t{63});
  const size_t mask = (size_t{1} << (word & 63)) - 1;
  const uint64_t tag = slot::TagOf(h);
  for (size_t at = static_cast<size_t>(h) & mask;; at = (at + 1) & mask) {
    const uint64_t found = slots[at].load(std::memory_order_acquire);
    if (found >> 48 == tag) {
      const Entry* const entry = slot::EntryOf(found);
      __builtin_prefetch(entry);
      before_read();
      if (entry->h == h) return (found & slot::kAbsent) != 0 ? nullptr : entry;
    } else if (found == slot::kEmpty) {
      return nullptr;
    }
  }
}

inline const Entry* FindEntry(const TableWord& table, int64_t h) noexcept {
  return FindEntry(table, h, [] {});
}

// For the holder of the lock.
class SlotTable {
 public:
  // `word` must outlive this object. Sets it to the empty table.
  explicit SlotTable(TableWord& word) noexcept;
  ~SlotTable();
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  // The entry with this h, visible or absent, or null.
  Entry* Find(int64_t h) const noexcept;

  // Makes room for `more` entries. Returns the memory of a table that readers
  // may still use, or null. Throws std::bad_alloc; then nothing has changed.
  Slots* Reserve(size_t more);

  // Publishes an entry, or the absence of one. REQUIRES: Reserve, and there is
  // no entry with this h.
  void Insert(const Entry* entry, bool is_absent = false) noexcept;
  // Publishes an entry, or the absence of one, in place of that with its h.
  // REQUIRES: there is one.
  void Replace(const Entry* entry, bool is_absent) noexcept;
  // REQUIRES: there is one.
  void Erase(int64_t h) noexcept;

  // Publishes an empty table. Returns the memory of the old one, or null.
  Slots* Detach() noexcept;

  size_t memory_bytes() const noexcept {
    return slots_ == nullptr ? 0 : slots_->memory_bytes();
  }

 private:
  std::atomic<uint64_t>* SlotOf(int64_t h) const noexcept;
  size_t mask() const noexcept { return slots_->count - 1; }
  void Publish() noexcept;

  TableWord& word_;
  Slots* slots_ = nullptr;  // null: the empty table
  size_t entries_ = 0;
  size_t used_ = 0;  // and deleted ones
  // The slot that was found last, and its h, because a change looks first and
  // then writes. Null after an entry was erased, or the table was replaced.
  mutable std::atomic<uint64_t>* last_found_ = nullptr;
  mutable int64_t last_h_ = 0;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SLOT_TABLE_H_
