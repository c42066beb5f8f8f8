// Reclaimer: frees what was unlinked when no reader can still use it.
//
// Memory comes in chains, which shards collect. Chains are stamped together
// when there is much of it, because a barrier costs some microseconds when
// other threads run (epochs.h).

#ifndef APPCACHE_ENGINE_RESIDENCY_RECLAIMER_H_
#define APPCACHE_ENGINE_RESIDENCY_RECLAIMER_H_

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/residency/entry.h"
#include "engine/residency/epochs.h"
#include "engine/residency/record_pool.h"
#include "engine/residency/slot_table.h"
#include "engine/support/mutex.h"

namespace appcache::residency {

// Unlinked memory: entries (the directory's references to them), with or
// without their records, and tables. A list through the objects themselves, so
// that a removal allocates nothing. The newest is the first, so that Add writes
// only to what it adds, and not to the one before, which may be in the cache of
// another processor. Not thread-safe.
class RetiredChain {
 public:
  RetiredChain() = default;
  RetiredChain(RetiredChain&& other) noexcept { Append(std::move(other)); }
  RetiredChain& operator=(RetiredChain&&) = delete;
  // REQUIRES: it is empty; ReleaseAll empties it.
  ~RetiredChain() { assert(is_empty()); }

  void Add(Entry* entry, bool frees_record) noexcept;
  void Add(Slots* slots) noexcept;
  void Append(RetiredChain&& other) noexcept;

  bool is_empty() const noexcept {
    return entries_ == nullptr && slots_ == nullptr;
  }
  size_t count() const noexcept { return count_; }
  size_t bytes() const noexcept { return bytes_; }

  // Frees everything. Calls free_record(h, record) for the records, before
  // their entries are released.
  template <class FreeRecord>
  void ReleaseAll(const FreeRecord& free_record) noexcept {
    while (entries_ != nullptr) {
      Entry* const entry = entries_;
      entries_ = NextOf(*entry);
      if ((entry->next_retired & 1) != 0) free_record(entry->h, entry->record);
      entry->ReleaseToSpare();
    }
    while (slots_ != nullptr)
      Slots::Free(std::exchange(slots_, slots_->next_retired));
    count_ = 0;
    bytes_ = 0;
  }

 private:
  static Entry* NextOf(const Entry& entry) noexcept {
    return reinterpret_cast<Entry*>(entry.next_retired & ~uintptr_t{1});
  }

  Entry* entries_ = nullptr;
  size_t count_ = 0;
  size_t bytes_ = 0;
  // The last of the list: the one that was added first.
  Entry* oldest_entry_ = nullptr;
  Slots* slots_ = nullptr;
  Slots* oldest_slots_ = nullptr;
};

// What a Clear has removed: whole shards, which takes as long as they are
// small to detach, and as long as they are large to free.
struct ClearedShards {
  ClearedShards() = default;
  ~ClearedShards();

  struct Shard {
    RecordPool records;
    RetiredChain chain;  // the table, and what was retired before
  };
  std::vector<Shard> shards;
  size_t bytes = 0;
  std::unique_ptr<ClearedShards> next;
};

// Thread-safe. Takes its mutex last, and calls `free_record` without it.
class Reclaimer {
 public:
  using FreeRecord = std::function<void(int64_t h, Record* record)>;

  // `epochs` must outlive this object.
  Reclaimer(Epochs& epochs, FreeRecord free_record)
      : epochs_(epochs), free_record_(std::move(free_record)) {}
  // REQUIRES: no reader is inside.
  ~Reclaimer();

  // Takes memory that was unlinked from a shard, whose lock the caller still
  // holds. True when so much waits that Collect should be called, without it.
  bool Add(RetiredChain&& chain) noexcept APPCACHE_EXCLUDES(mutex_);
  // The same for cleared shards, which a later FreeCleared frees.
  void Add(std::unique_ptr<ClearedShards> cleared) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // Frees what no reader can use. The caller holds no lock of a shard.
  void Collect() noexcept APPCACHE_EXCLUDES(collect_mutex_, mutex_);
  // Frees cleared shards that no reader can use: 100 ns for each entry.
  void FreeCleared() noexcept APPCACHE_EXCLUDES(mutex_);

  // What waits for readers, and what waits for FreeCleared alone.
  size_t waiting_bytes() const noexcept {
    return waiting_bytes_.load(std::memory_order_relaxed);
  }
  size_t dead_bytes() const noexcept {
    return dead_bytes_.load(std::memory_order_relaxed);
  }
  size_t bytes() const noexcept { return waiting_bytes() + dead_bytes(); }

 private:
  // Memory with one stamp.
  struct Batch {
    uint64_t stamp = 0;
    RetiredChain chain;
    std::unique_ptr<ClearedShards> cleared;

    void Append(Batch&& other) noexcept;
    bool is_empty() const noexcept {
      return chain.is_empty() && cleared == nullptr;
    }
  };

  Epochs& epochs_;
  const FreeRecord free_record_;
  std::atomic<size_t> waiting_bytes_{0};
  std::atomic<size_t> dead_bytes_{0};

  // A collection is in progress, and its caller frees batches in order.
  internal::Mutex collect_mutex_ APPCACHE_ACQUIRED_BEFORE(mutex_);

  internal::Mutex mutex_;
  // Batches are freed in the order in which they were filled: a record that an
  // older one frees may be in cleared shards of a newer one.
  Batch filling_ APPCACHE_GUARDED_BY(mutex_);
  // The first waiting_count_, the oldest first.
  std::array<Batch, 8> waiting_ APPCACHE_GUARDED_BY(mutex_);
  size_t waiting_count_ APPCACHE_GUARDED_BY(mutex_) = 0;
  // Nobody uses them.
  std::unique_ptr<ClearedShards> dead_ APPCACHE_GUARDED_BY(mutex_);
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_RECLAIMER_H_
