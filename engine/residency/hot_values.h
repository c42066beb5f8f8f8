// HotValues: the values of a store that are read often, in memory.
//
// A get that finds its value here does not use SQLite. The values are copies:
// every write goes to the store, and then drops what it has changed here,
// before it returns. So a hit is the latest completed write, and dropping a
// value costs nothing but the next read of it.
//
// The race between a read and a write: a read that began before a write
// committed may bring the old value after the write has dropped it. So a read
// takes the version of its shard before it reads the store, and publishes what
// it has read only if no write has changed the shard since.
//
//   read:   Find sets a version;  read the store;  Publish with that version
//   write:  Hold;  commit to the store;  DropHeld, which makes a new version
//
// Hold keeps two reads during a commit from publishing in the wrong order: the
// old value after the new one.
//
// Restrictions: knows no SQL and no recency of entries; which values are hot is
// its own matter (CLOCK).

#ifndef APPCACHE_ENGINE_RESIDENCY_HOT_VALUES_H_
#define APPCACHE_ENGINE_RESIDENCY_HOT_VALUES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/bytes.h"

namespace appcache::residency {

// A value as the store has it.
struct HotValue {
  Bytes value;                // shared, not copied
  int64_t expires_at_ms = 0;  // 0: never
};

// Thread-safe. A shard is locked for a lookup in a hash table, so threads that
// read different keys seldom meet.
class HotValues {
 public:
  // Holds at most `max_bytes` of keys, values and their records. 0: nothing.
  explicit HotValues(uint64_t max_bytes);
  HotValues(const HotValues&) = delete;
  HotValues& operator=(const HotValues&) = delete;

  // The value of the entry with this h and key, expired or not. An expired one
  // is the latest too: its entry is absent. If there is none, sets `version` to
  // the version of the shard, for Publish.
  std::optional<HotValue> Find(int64_t h, std::string_view key,
                               uint64_t& version) noexcept;

  // Keeps a value that was read from the store after Find set `version`. Does
  // nothing if a write has changed the shard since, if the
  // value is larger than an eighth of max_bytes, or when there is no memory.
  void Publish(int64_t h, std::string_view key, const HotValue& value,
               uint64_t version) noexcept;

  // Until DropHeld of the same h, nothing is published to its shard. Calls
  // nest.
  void Hold(int64_t h) noexcept;

  // Forgets the value with this h. Call it after the store has changed, also if
  // it is unknown whether it has.
  void Drop(int64_t h) noexcept;
  // The same after Hold.
  void DropHeld(int64_t h) noexcept;
  void DropAll() noexcept;

  // What is held now.
  uint64_t bytes() const noexcept {
    return bytes_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kShards = 64;

  struct Record {
    bool is_used = false;
    bool was_read = false;  // since the hand has passed it
    int64_t h = 0;
    HotValue value;
    std::string key;
  };

  // A hash table with linear probing, on a cache line of its own.
  struct alignas(64) Shard {
    std::mutex mutex;
    // All are guarded by mutex.
    uint64_t version = 0;
    uint64_t holds = 0;
    std::vector<Record> table;  // empty, or a power of two
    size_t used = 0;
    size_t hand = 0;  // of the CLOCK
  };

  Shard& ShardOf(int64_t h) noexcept;
  // Where the record with this h is, or would be. REQUIRES: the table has a
  // record that is not used.
  static size_t PlaceOf(const std::vector<Record>& table, int64_t h) noexcept;
  // Forgets the value. REQUIRES: the mutex is held.
  void DropFrom(Shard& shard, int64_t h) noexcept;
  void EraseAt(Shard& shard, size_t at) noexcept;
  // Makes room in the table for one more. Throws std::bad_alloc.
  static void Grow(Shard& shard);
  // Adds to bytes_ if max_bytes allows it.
  bool Reserve(uint64_t bytes) noexcept;
  // The same, and removes values of `own`, whose mutex is held, then of other
  // shards, that were not read since the hand last passed, until it succeeds.
  bool MakeRoom(Shard& own, uint64_t bytes) noexcept;
  bool ReserveIn(Shard& shard, uint64_t bytes) noexcept;

  const uint64_t max_bytes_;
  std::atomic<uint64_t> bytes_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_HOT_VALUES_H_
