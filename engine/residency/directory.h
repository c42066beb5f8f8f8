// Directory: every entry of a database in memory, and the values of many.
//
// A get finds its entry without a lock: shard, slot, entry (slot_table.h). A
// change locks the shard of its h, for a moment. Under that lock, a record says
// what SQLite has of the entry:
//
//   dirty     it was set or removed, and SQLite does not have that
//   in batch  a transaction writes it
//   clean     neither: SQLite has this entry, so its value may leave memory
//   absent    it was removed; SQLite has the row, or may have (a tombstone).
//             It is a miss. It goes when SQLite has removed the row.
//
// So an h without a record has no row, and SQLite is never asked about it.
//
// An entry that is replaced or removed stays valid for readers that found it
// (epochs.h, reclaimer.h), as does its record: a reader that is late writes its
// tick to a record that nobody else has yet.
//
// Restrictions: knows no SQL, and chooses no victims. It counts what the limits
// concern, and says whether an entry is within them.

#ifndef APPCACHE_ENGINE_RESIDENCY_DIRECTORY_H_
#define APPCACHE_ENGINE_RESIDENCY_DIRECTORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/policy/expiry_queue.h"
#include "engine/residency/entry.h"
#include "engine/residency/epochs.h"
#include "engine/residency/reclaimer.h"
#include "engine/residency/record_pool.h"
#include "engine/residency/shared_sum.h"
#include "engine/residency/slot_table.h"
#include "engine/support/mutex.h"
#include "engine/support/spin_lock.h"

namespace appcache::residency {

// Thread-safe.
//
// Lock order: exact_mutex_; the locks of the shards, in the order of the
// shards; the mutex of the reclaimer.
class Directory {
 public:
  struct Limits {
    int64_t entries = SharedSum::kNoLimit;
    int64_t bytes = SharedSum::kNoLimit;
    // The directory counts these two, and its owner keeps their limits.
    int64_t pending_bytes = SharedSum::kNoLimit;
    int64_t resident_bytes = SharedSum::kNoLimit;
  };

  // `epochs` must outlive this object. Throws std::bad_alloc.
  Directory(Epochs& epochs, const Limits& limits);
  // REQUIRES: no reader is inside.
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // The visible entry with this h, expired or not; null when there is none. The
  // entry may have another key. REQUIRES: the caller is inside a section of the
  // epochs, in which the entry stays valid.
  const Entry* Find(int64_t h) const noexcept {
    return Find(h, [] {});
  }
  // The same, and calls `before_read()` before an entry is read, if there is
  // one.
  template <class BeforeRead>
  const Entry* Find(int64_t h, const BeforeRead& before_read) const noexcept {
    return FindEntry(tables_[ShardOf(h)], h, before_read);
  }

  class Access;
  class AccessAll;
  class Collection;
  class Shard;

  // What a batch has taken: a reference to an entry whose row will be put, or
  // the h of one whose row will be removed.
  struct Taken {
    int64_t h = 0;
    // Of the last access before it was taken.
    int64_t tick = 0;
    EntryPtr entry;

    int64_t pending_bytes() const noexcept {
      return entry == nullptr ? 0
                              : static_cast<int64_t>(entry->content_bytes());
    }
  };

  static constexpr int kShardBits = 6;
  static constexpr size_t kShards = size_t{1} << kShardBits;
  static_assert(kShards <= SharedSum::kMaxParts);

  // --- Sizes.

  // Entries and their bytes.
  struct Size {
    int64_t entries = 0;
    int64_t bytes = 0;
  };
  // What publishing `entry` in place of the visible one, which may be null,
  // adds.
  static Size Growth(const Entry* visible, const Entry& entry) noexcept;
  // Whether the limits allow so much more. Locks each shard the first time when
  // a limit is near.
  bool HasRoom(const Size& growth) noexcept;

  struct Sizes {
    // Of the visible entries.
    Size visible;
    // The memory of entries that are dirty or in a batch; of the values of
    // clean ones; and of what was removed, as long as its row is there.
    uint64_t pending_bytes = 0;
    uint64_t resident_bytes = 0;
    uint64_t absent_bytes = 0;
    // The memory of the directory itself: tables, records and the headers of
    // entries.
    uint64_t directory_bytes = 0;
  };
  // Of one moment, so a limit that is kept at all times is kept by them too.
  // Locks all shards together, in a loop: the analysis cannot follow that.
  Sizes sizes() const APPCACHE_NO_THREAD_SAFETY_ANALYSIS;

  // HasRoom for what is pending, and resident.
  bool HasPendingRoom(uint64_t more) noexcept;
  bool HasResidentRoom(uint64_t more) noexcept;
  // Whether more is pending than half of its limit, or almost.
  bool IsHalfPending() const noexcept {
    return pending_bytes_.upper_bound() > pending_bytes_.limit() / 2;
  }

  Reclaimer& reclaimer() noexcept { return reclaimer_; }
  const Reclaimer& reclaimer() const noexcept { return reclaimer_; }

  // The time at which the first entry of a shard expires, or earlier; the
  // largest integer when none does.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t FirstExpiry() const noexcept {
    return FirstExpiryOf(ShardOfFirstExpiry());
  }
  size_t ShardOfFirstExpiry() const noexcept;
  int64_t FirstExpiryOf(size_t shard) const noexcept {
    return first_expiries_[shard].load(std::memory_order_relaxed);
  }

  // The index of the shard of an h, and an h of a shard.
  static size_t ShardOf(int64_t h) noexcept {
    return static_cast<uint64_t>(h) >> (64 - kShardBits);
  }
  static int64_t FirstOfShard(size_t shard) noexcept {
    return static_cast<int64_t>(uint64_t{shard} << (64 - kShardBits));
  }

  // --- Walks. Each locks one shard at a time.

  // Calls visit(record) for every record with an entry, absent ones too, with
  // the lock of its shard held.
  template <class Visit>
  void ForEach(const Visit& visit) const;

  // The number of records, absent ones too. Locks each shard.
  size_t record_count() const;

 private:
  using PartOf = SharedSum::Part Shard::*;

  bool HasRoom(SharedSum& sum, PartOf part, int64_t more) noexcept
      APPCACHE_EXCLUDES(exact_mutex_);

  // Apart from the shards, which are written all the time.
  alignas(64) std::array<TableWord, kShards> tables_;
  alignas(64) std::array<std::atomic<int64_t>, kShards> first_expiries_;
  std::unique_ptr<Shard[]> shards_;
  alignas(64) SharedSum entries_;
  SharedSum bytes_;
  SharedSum pending_bytes_;
  SharedSum resident_bytes_;
  // Held by who makes a sum exact.
  internal::Mutex exact_mutex_;
  Reclaimer reclaimer_;
  // For the next Clear, so that it needs no memory. Guarded by all shards.
  std::unique_ptr<ClearedShards> spare_;
};

// The entries of one range of h. A shard is itself the lock that guards it.
class alignas(128) Directory::Shard : public internal::SpinLock {
 public:
  // States to the analysis that the shard is locked, where it is one of an
  // AccessAll's.
  void AssertHeld() const noexcept APPCACHE_ASSERT_CAPABILITY(this) {}

  // --- What there is.

  // The record with this h, which may be absent; null when there is none.
  Record* Find(int64_t h) const noexcept APPCACHE_REQUIRES(this) {
    Entry* const found = table_->Find(h);
    return found == nullptr ? nullptr : found->record;
  }

  template <class Visit>
  void ForEach(const Visit& visit) const APPCACHE_REQUIRES(this) {
    records_.ForEach(visit);
  }

  // --- Changes.

  // Makes room for `more` new entries, all of which may expire. Throws
  // std::bad_alloc; then nothing has changed that a reader can see. With
  // may_expire, also keeps a free place in the expiry queue, so that one later
  // PutClean that replaces an entry needs no memory.
  void Reserve(size_t more, bool may_expire) APPCACHE_REQUIRES(this);

  // Counts what an entry adds, before it is published. TryGrow: if the limits
  // allow that; it may also fail although Directory::HasRoom.
  bool TryGrow(const Size& growth) noexcept APPCACHE_REQUIRES(this);
  void Grow(const Size& growth) noexcept APPCACHE_REQUIRES(this);

  // Publishes the entry in place of what has its h, with this tick, as dirty.
  // REQUIRES: Reserve, and Grow or TryGrow.
  void Put(EntryPtr entry, int64_t tick) noexcept APPCACHE_REQUIRES(this);
  // The same for an entry that SQLite has. If it replaces another, an earlier
  // Reserve with may_expire is enough, unless the shard was cleared since.
  void PutClean(EntryPtr entry, int64_t tick) noexcept APPCACHE_REQUIRES(this);

  // Adds an absent record for the entry's h, whose row will be removed.
  // REQUIRES: Reserve, and there is no record.
  void PutAbsent(EntryPtr entry) noexcept APPCACHE_REQUIRES(this);

  // Makes a clean record dirty. REQUIRES: its entry is resident.
  void Rewrite(Record& record) noexcept APPCACHE_REQUIRES(this);

  // Removes the entry of the record. REQUIRES: it is not absent.
  void Remove(Record& record) noexcept APPCACHE_REQUIRES(this);

  // Replaces a clean entry by the same with its value (it was read from SQLite)
  // or without (memory is needed).
  void Exchange(Record& record, EntryPtr same) noexcept APPCACHE_REQUIRES(this);

  // --- A flush.

  size_t dirty() const noexcept APPCACHE_REQUIRES(this) { return dirty_; }
  size_t records() const noexcept APPCACHE_REQUIRES(this) {
    return records_in_use_;
  }

  // The batch has put the row of an entry, or has removed that of an absent
  // one. `taken`: what the record had when it was taken.
  void Written(const Taken& taken) noexcept APPCACHE_REQUIRES(this);
  // The batch has failed: what it had taken is dirty again, unless it was
  // removed or replaced since. `may_have_row`: it was a commit that may have
  // failed.
  void NotWritten(const Taken& taken, bool may_have_row = true) noexcept
      APPCACHE_REQUIRES(this);

  // --- Expiry.

  // The record that expires first; null when none does before `now_ms`.
  Record* FirstExpired(int64_t now_ms) noexcept APPCACHE_REQUIRES(this);

  size_t memory_bytes() const noexcept APPCACHE_REQUIRES(this);

 private:
  friend class Directory;
  friend class Access;
  friend class AccessAll;

  // What waits in the shard before it goes to the reclaimer.
  static constexpr size_t kMaxRetired = 16;
  static constexpr size_t kMaxRetiredBytes = size_t{16} << 10;

  Record& NewRecord(Entry& entry, int64_t tick) noexcept
      APPCACHE_REQUIRES(this);
  static void Attach(Record& record, Entry& entry, int64_t tick) noexcept;
  Record& Publish(EntryPtr entry, int64_t tick) noexcept
      APPCACHE_REQUIRES(this);
  // Adds what a record counts for to the sizes, or subtracts it.
  void Count(const Record& record, int sign) noexcept APPCACHE_REQUIRES(this);
  void AddPending(int64_t delta) noexcept APPCACHE_REQUIRES(this);
  void AddDirty(int64_t delta) noexcept APPCACHE_REQUIRES(this);
  void AddResident(int64_t delta) noexcept APPCACHE_REQUIRES(this);
  void MarkDirty(Record& record) noexcept APPCACHE_REQUIRES(this);
  // Takes a dirty record into a batch. What it has stays pending.
  Taken Take(Record& record) noexcept APPCACHE_REQUIRES(this);
  // Takes all of them, if a collection has begun and waits for this shard.
  void CollectIfDue() noexcept APPCACHE_REQUIRES(this) {
    if (collected_.load(std::memory_order_relaxed) != nullptr) [[unlikely]] {
      Collect();
    }
  }
  void Collect() noexcept APPCACHE_REQUIRES(this);
  // Removes a record that no row needs.
  void Erase(Record& record) noexcept APPCACHE_REQUIRES(this);
  bool IsCurrent(const policy::ExpiryQueue::Item& item) const noexcept
      APPCACHE_REQUIRES(this);
  void NoteFirstExpiry() noexcept APPCACHE_REQUIRES(this);
  // Transfers what was retired if it is much. Whether to collect then.
  bool PassRetired() noexcept APPCACHE_REQUIRES(this);
  // Removes everything. REQUIRES: all shards are locked.
  void Clear(ClearedShards::Shard& cleared, size_t& bytes) noexcept
      APPCACHE_REQUIRES(this);

  // What a replacement of a dirty entry writes comes first, with the lock:
  // these lines move to the processor that sets.

  // Constant.
  Directory* directory_ = nullptr;
  // If a collection has begun, the list to which the next holder of the lock
  // adds every dirty record before it changes anything; it has room for them.
  // Otherwise null. Written with the lock, and read without it as a hint.
  std::atomic<std::vector<Taken>*> collected_{nullptr};
  std::optional<SlotTable> table_ APPCACHE_GUARDED_BY(this);
  size_t dirty_ APPCACHE_GUARDED_BY(this) = 0;
  // Of visible entries.
  Size visible_ APPCACHE_GUARDED_BY(this);
  // What is dirty or in a batch; what is dirty; what is clean.
  int64_t pending_bytes_ APPCACHE_GUARDED_BY(this) = 0;
  int64_t dirty_bytes_ APPCACHE_GUARDED_BY(this) = 0;
  SharedSum::Part bytes_part_ APPCACHE_GUARDED_BY(this);
  SharedSum::Part pending_part_ APPCACHE_GUARDED_BY(this);
  RetiredChain retired_ APPCACHE_GUARDED_BY(this);

  SharedSum::Part entries_part_ APPCACHE_GUARDED_BY(this);
  int64_t resident_bytes_ APPCACHE_GUARDED_BY(this) = 0;
  SharedSum::Part resident_part_ APPCACHE_GUARDED_BY(this);
  // Of absent records.
  int64_t absent_bytes_ APPCACHE_GUARDED_BY(this) = 0;
  size_t records_in_use_ APPCACHE_GUARDED_BY(this) = 0;
  RecordPool records_ APPCACHE_GUARDED_BY(this);
  policy::ExpiryQueue expiries_ APPCACHE_GUARDED_BY(this);
  std::atomic<int64_t>* first_expiry_ = nullptr;  // constant
};

// Exclusive access to the shard of an h.
class APPCACHE_SCOPED_CAPABILITY Directory::Access {
 public:
  Access(Directory& directory, int64_t h) APPCACHE_ACQUIRE(shard_)
      : directory_(directory), shard_(directory.shards_[ShardOf(h)]) {
    shard_.lock();
    shard_.CollectIfDue();
  }
  ~Access() APPCACHE_RELEASE() {
    const bool is_much = shard_.PassRetired();
    shard_.unlock();
    if (is_much) directory_.reclaimer_.Collect();
  }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  Shard* operator->() const noexcept { return &shard_; }
  Shard& operator*() const noexcept { return shard_; }

 private:
  Directory& directory_;
  Shard& shard_;
};

// Exclusive access to all shards.
class Directory::AccessAll {
 public:
  explicit AccessAll(Directory& directory) : directory_(directory) {
    // One shard at a time. A collection may begin before the locks are held.
    CollectIfDue();
    for (Shard& shard : shards()) {
      shard.lock();
      shard.CollectIfDue();
    }
  }
  ~AccessAll() {
    bool is_much = false;
    for (size_t i = 0; i < kShards; ++i) {
      is_much |= directory_.shards_[i].PassRetired();
      directory_.shards_[i].unlock();
    }
    if (is_much) directory_.reclaimer_.Collect();
  }
  AccessAll(const AccessAll&) = delete;
  AccessAll& operator=(const AccessAll&) = delete;

  // The shard of an h. Used like an Access; `all` must outlive it.
  class APPCACHE_SCOPED_CAPABILITY One {
   public:
    One(const AccessAll& all, int64_t h) noexcept APPCACHE_ACQUIRE(shard_)
        : shard_(all.directory_.shards_[Directory::ShardOf(h)]) {}
    ~One() APPCACHE_RELEASE() {}
    One(const One&) = delete;
    One& operator=(const One&) = delete;

    Shard* operator->() const noexcept { return &shard_; }
    Shard& operator*() const noexcept { return shard_; }

   private:
    Shard& shard_;
  };

  std::span<Shard> shards() const noexcept {
    return {directory_.shards_.get(), kShards};
  }

  // Whether the directory would be over its limits with so much more.
  bool IsOver(const Size& more) noexcept;
  size_t record_count() const noexcept;

  // Removes every entry, absent ones too. Returns how many were visible. Throws
  // std::bad_alloc; then nothing has changed.
  uint64_t Clear();

  // The number of dirty records.
  size_t dirty() const noexcept;

 private:
  friend class Collection;

  void CollectIfDue() const noexcept;

  Directory& directory_;
};

// Everything that is dirty at one moment, for a batch.
//
// Copying everything takes milliseconds, for which all sets would have to wait.
// Therefore the constructor only marks the shards. The next call that locks a
// marked shard, Finish or any other, first copies what is dirty there.
class Directory::Collection {
 public:
  // Collects what is dirty now. `all` may be released afterwards. Throws
  // std::bad_alloc; then nothing has changed.
  explicit Collection(AccessAll& all);
  // REQUIRES: Finish was called.
  ~Collection();
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  // Collects from the shards that no other call has locked. REQUIRES: the
  // caller holds no lock of a shard.
  void Finish() noexcept;

  // Calls visit(Taken&&) for each record. REQUIRES: Finish was called.
  template <class Visit>
  void TakeEach(const Visit& visit) {
    for (std::vector<Taken>& shard : shards_) {
      for (Taken& taken : shard) visit(std::move(taken));
    }
  }

 private:
  Directory& directory_;
  std::array<std::vector<Taken>, kShards> shards_;
};

template <class Visit>
void Directory::ForEach(const Visit& visit) const {
  for (size_t i = 0; i < kShards; ++i) {
    const internal::LockGuard<Shard> guard(shards_[i]);
    shards_[i].ForEach(visit);
  }
}

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_DIRECTORY_H_
