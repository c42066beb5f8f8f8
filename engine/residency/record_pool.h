// RecordPool: the records of a shard, in chunks that never move.

#ifndef APPCACHE_ENGINE_RESIDENCY_RECORD_POOL_H_
#define APPCACHE_ENGINE_RESIDENCY_RECORD_POOL_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "engine/residency/entry.h"

namespace appcache::residency {

// Not thread-safe. A record that is free has no entry: entry_and_state is then
// the address of the next free one, and kFree.
class RecordPool {
 public:
  RecordPool() = default;
  RecordPool(RecordPool&& other) noexcept
      : chunks_(std::move(other.chunks_)),
        free_(std::exchange(other.free_, nullptr)),
        free_count_(std::exchange(other.free_count_, 0)),
        size_(std::exchange(other.size_, 0)) {
    other.chunks_.clear();
  }
  RecordPool& operator=(RecordPool&&) = delete;

  // Makes room for `more` records. Throws std::bad_alloc; then nothing has
  // changed.
  void Reserve(size_t more) {
    while (free_count_ < more) AddChunk();
  }

  // REQUIRES: Reserve.
  Record* Take() noexcept {
    assert(free_ != nullptr);
    Record* const taken = free_;
    free_ = NextFree(*taken);
    --free_count_;
    taken->entry_and_state = 0;
    return taken;
  }

  // Takes a record back, or does nothing if it is of another pool.
  void Free(Record* record) noexcept {
    if (!Owns(record)) return;
    record->entry_and_state = reinterpret_cast<uintptr_t>(free_) | kFree;
    free_ = record;
    ++free_count_;
  }

  // Calls visit(record) for each that has an entry, in the order of memory.
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (const Chunk& chunk : chunks_) {
      for (size_t i = 0; i < chunk.size; ++i) {
        Record& record = chunk.records[i];
        if (record.entry() != nullptr && !IsFree(record)) visit(record);
      }
    }
  }

  size_t memory_bytes() const noexcept { return size_ * sizeof(Record); }

 private:
  // Distinguishes a free record from one in use, which has a state that no
  // combination of the others makes: kDirty and kAbsent and kInBatch without
  // kHasRow cannot be, because an absent entry without a row has no record.
  static constexpr uintptr_t kFree =
      Record::kDirty | Record::kInBatch | Record::kAbsent;

  struct Chunk {
    std::unique_ptr<Record[]> records;
    size_t size;
  };

  static bool IsFree(const Record& record) noexcept {
    return (record.entry_and_state & Record::kStates) == kFree;
  }
  static Record* NextFree(const Record& record) noexcept {
    return reinterpret_cast<Record*>(record.entry());
  }
  bool Owns(const Record* record) const noexcept {
    return std::any_of(chunks_.begin(), chunks_.end(), [&](const Chunk& chunk) {
      return record >= chunk.records.get() &&
             record < chunk.records.get() + chunk.size;
    });
  }

  // Half as large as all others together, up to a limit that keeps the addition
  // short.
  void AddChunk() {
    constexpr size_t kLeast = 16;
    constexpr size_t kMost = 2048;
    const size_t size = std::clamp(size_ / 2, kLeast, kMost);
    chunks_.reserve(chunks_.size() + 1);
    chunks_.push_back({std::make_unique<Record[]>(size), size});
    size_ += size;
    // In the order of memory, so that a small cache uses few lines.
    for (size_t i = size; i-- > 0;) Free(&chunks_.back().records[i]);
  }

  std::vector<Chunk> chunks_;
  Record* free_ = nullptr;
  size_t free_count_ = 0;
  size_t size_ = 0;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_RECORD_POOL_H_
