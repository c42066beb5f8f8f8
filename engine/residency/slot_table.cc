#include "engine/residency/slot_table.h"

#include <bit>
#include <cassert>
#include <new>

namespace appcache::residency {
namespace {

constexpr size_t kFirstSlots = 16;

// A table is at most three quarters full, so a search ends soon.
constexpr size_t MostUsed(size_t count) noexcept { return count / 4 * 3; }

struct EmptyTable {
  alignas(64) std::atomic<uint64_t> slot{slot::kEmpty};
};
constinit EmptyTable empty_table;

}  // namespace

Slots* Slots::New(size_t count) {
  assert(std::has_single_bit(count));
  void* const memory = ::operator new(sizeof(Slots) + 8 * count,
                                      std::align_val_t(alignof(Slots)));
  auto* const made = new (memory) Slots{.count = count};
  for (size_t i = 0; i < count; ++i) {
    new (made->begin() + i) std::atomic<uint64_t>(slot::kEmpty);
  }
  return made;
}

void Slots::Free(Slots* slots) noexcept {
  ::operator delete(slots, std::align_val_t(alignof(Slots)));
}

uintptr_t EmptyTableWord() noexcept {
  return reinterpret_cast<uintptr_t>(&empty_table.slot);
}

SlotTable::SlotTable(TableWord& word) noexcept : word_(word) { Publish(); }

SlotTable::~SlotTable() {
  if (slots_ != nullptr) Slots::Free(slots_);
}

void SlotTable::Publish() noexcept {
  const uintptr_t word =
      slots_ == nullptr
          ? EmptyTableWord()
          : reinterpret_cast<uintptr_t>(slots_->begin()) |
                static_cast<uintptr_t>(std::countr_zero(slots_->count));
  word_.store(word, std::memory_order_release);
}

std::atomic<uint64_t>* SlotTable::SlotOf(int64_t h) const noexcept {
  if (slots_ == nullptr) return nullptr;
  if (last_found_ != nullptr && last_h_ == h) return last_found_;
  std::atomic<uint64_t>* const slots = slots_->begin();
  const uint64_t tag = slot::TagOf(h);
  for (size_t at = static_cast<size_t>(h) & mask();; at = (at + 1) & mask()) {
    const uint64_t found = slots[at].load(std::memory_order_relaxed);
    if (found == slot::kEmpty) return nullptr;
    if (found >> 48 == tag && slot::EntryOf(found)->h == h) {
      last_h_ = h;
      return last_found_ = slots + at;
    }
  }
}

Entry* SlotTable::Find(int64_t h) const noexcept {
  const std::atomic<uint64_t>* const found = SlotOf(h);
  return found == nullptr
             ? nullptr
             : slot::EntryOf(found->load(std::memory_order_relaxed));
}

Slots* SlotTable::Reserve(size_t more) {
  if (slots_ != nullptr && used_ + more <= MostUsed(slots_->count)) {
    return nullptr;
  }
  // With room to spare: the next copy is far away, also when entries come and
  // go.
  size_t count = kFirstSlots;
  while (MostUsed(count) < entries_ + more + entries_ / 4) count *= 2;
  Slots* const larger = Slots::New(count);
  last_found_ = nullptr;
  Slots* const old = std::exchange(slots_, larger);
  used_ = entries_;
  if (old != nullptr) {
    for (size_t i = 0; i < old->count; ++i) {
      const uint64_t word = old->begin()[i].load(std::memory_order_relaxed);
      if (word == slot::kEmpty || word == slot::kDeleted) continue;
      size_t at = static_cast<size_t>(slot::EntryOf(word)->h) & mask();
      while (larger->begin()[at].load(std::memory_order_relaxed) !=
             slot::kEmpty) {
        at = (at + 1) & mask();
      }
      larger->begin()[at].store(word, std::memory_order_relaxed);
    }
  }
  Publish();
  return old;
}

void SlotTable::Insert(const Entry* entry, bool is_absent) noexcept {
  assert(slots_ != nullptr && used_ < slots_->count);
  assert(SlotOf(entry->h) == nullptr);
  std::atomic<uint64_t>* const slots = slots_->begin();
  size_t at = static_cast<size_t>(entry->h) & mask();
  uint64_t found = slots[at].load(std::memory_order_relaxed);
  while (found != slot::kEmpty && found != slot::kDeleted) {
    at = (at + 1) & mask();
    found = slots[at].load(std::memory_order_relaxed);
  }
  if (found == slot::kEmpty) ++used_;
  ++entries_;
  slots[at].store(slot::WordOf(entry, is_absent), std::memory_order_release);
}

void SlotTable::Replace(const Entry* entry, bool is_absent) noexcept {
  std::atomic<uint64_t>* const found = SlotOf(entry->h);
  assert(found != nullptr);
  found->store(slot::WordOf(entry, is_absent), std::memory_order_release);
}

void SlotTable::Erase(int64_t h) noexcept {
  std::atomic<uint64_t>* found = SlotOf(h);
  assert(found != nullptr);
  last_found_ = nullptr;
  --entries_;
  std::atomic<uint64_t>* const slots = slots_->begin();
  size_t at = static_cast<size_t>(found - slots);
  if (slots[(at + 1) & mask()].load(std::memory_order_relaxed) !=
      slot::kEmpty) {
    found->store(slot::kDeleted, std::memory_order_release);
    return;
  }
  // No search goes on behind the last of a run, so it and the deleted ones
  // before it become empty.
  found->store(slot::kEmpty, std::memory_order_release);
  --used_;
  for (;;) {
    at = (at - 1) & mask();
    if (slots[at].load(std::memory_order_relaxed) != slot::kDeleted) return;
    slots[at].store(slot::kEmpty, std::memory_order_release);
    --used_;
  }
}

Slots* SlotTable::Detach() noexcept {
  Slots* const old = std::exchange(slots_, nullptr);
  last_found_ = nullptr;
  entries_ = 0;
  used_ = 0;
  Publish();
  return old;
}

}  // namespace appcache::residency
