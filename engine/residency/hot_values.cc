#include "engine/residency/hot_values.h"

#include <cassert>
#include <new>
#include <utility>

namespace appcache::residency {
namespace {

// What a record costs besides its key and value: its place in a table that is
// at most three quarters full, and the headers of two blocks of memory.
constexpr uint64_t kRecordBytes = 160;

// One value must not displace many.
constexpr uint64_t kMaxShare = 8;

constexpr size_t kFirstTable = 16;

uint64_t CostOf(std::string_view key, const Bytes& value) noexcept {
  return kRecordBytes + key.size() + value.size();
}

// The hash is seeded and mixed already. The upper bits choose the shard, so
// these are independent of it.
size_t HomeOf(int64_t h, size_t table_size) noexcept {
  return static_cast<size_t>(h) & (table_size - 1);
}

size_t Next(size_t at, size_t table_size) noexcept {
  return (at + 1) & (table_size - 1);
}

}  // namespace

HotValues::HotValues(uint64_t max_bytes) : max_bytes_(max_bytes) {}

HotValues::Shard& HotValues::ShardOf(int64_t h) noexcept {
  static_assert(kShards == 64);
  return shards_[static_cast<uint64_t>(h) >> 58];
}

size_t HotValues::PlaceOf(const std::vector<Record>& table,
                          int64_t h) noexcept {
  size_t at = HomeOf(h, table.size());
  while (table[at].is_used && table[at].h != h) at = Next(at, table.size());
  return at;
}

void HotValues::EraseAt(Shard& shard, size_t at) noexcept {
  std::vector<Record>& table = shard.table;
  assert(table[at].is_used);
  bytes_.fetch_sub(CostOf(table[at].key, table[at].value.value),
                   std::memory_order_relaxed);
  --shard.used;
  // Moves later records of the run back, so that none is behind a gap at which
  // a search would stop.
  const size_t mask = table.size() - 1;
  for (size_t next = Next(at, table.size()); table[next].is_used;
       next = Next(next, table.size())) {
    const size_t home = HomeOf(table[next].h, table.size());
    if (((next - home) & mask) < ((next - at) & mask)) continue;
    table[at] = std::move(table[next]);
    at = next;
  }
  table[at] = Record();
}

void HotValues::Grow(Shard& shard) {
  if (shard.used + 1 <= shard.table.size() / 4 * 3) return;
  std::vector<Record> larger(shard.table.empty() ? kFirstTable
                                                 : 2 * shard.table.size());
  for (Record& record : shard.table) {
    if (record.is_used) larger[PlaceOf(larger, record.h)] = std::move(record);
  }
  shard.table = std::move(larger);
  shard.hand = 0;
}

bool HotValues::Reserve(uint64_t bytes) noexcept {
  uint64_t held = bytes_.load(std::memory_order_relaxed);
  do {
    if (held + bytes > max_bytes_) return false;
  } while (!bytes_.compare_exchange_weak(held, held + bytes,
                                         std::memory_order_relaxed));
  return true;
}

bool HotValues::ReserveIn(Shard& shard, uint64_t bytes) noexcept {
  while (!Reserve(bytes)) {
    if (shard.used == 0) return false;
    shard.hand = Next(shard.hand, shard.table.size());
    Record& record = shard.table[shard.hand];
    if (!record.is_used || std::exchange(record.was_read, false)) continue;
    EraseAt(shard, shard.hand);
  }
  return true;
}

bool HotValues::MakeRoom(Shard& own, uint64_t bytes) noexcept {
  if (ReserveIn(own, bytes)) return true;
  for (Shard& other : shards_) {
    if (&other == &own) continue;
    // Nobody waits for a second shard, so that no two wait for each other.
    const std::unique_lock<std::mutex> lock(other.mutex, std::try_to_lock);
    if (lock.owns_lock() && ReserveIn(other, bytes)) return true;
  }
  return false;
}

std::optional<HotValue> HotValues::Find(int64_t h, std::string_view key,
                                        uint64_t& version) noexcept {
  Shard& shard = ShardOf(h);
  std::lock_guard<std::mutex> guard(shard.mutex);
  if (shard.used > 0) {
    Record& record = shard.table[PlaceOf(shard.table, h)];
    if (record.is_used && record.key == key) {
      record.was_read = true;
      return record.value;
    }
  }
  version = shard.version;
  return std::nullopt;
}

void HotValues::Publish(int64_t h, std::string_view key, const HotValue& value,
                        uint64_t version) noexcept {
  const uint64_t cost = CostOf(key, value.value);
  if (cost > max_bytes_ / kMaxShare) return;
  Shard& shard = ShardOf(h);
  try {
    std::string own_key(key);
    std::lock_guard<std::mutex> guard(shard.mutex);
    if (shard.version != version || shard.holds > 0) return;
    Grow(shard);
    if (const size_t at = PlaceOf(shard.table, h); shard.table[at].is_used) {
      EraseAt(shard, at);  // the same, or another key with this hash
    }
    if (!MakeRoom(shard, cost)) return;
    shard.table[PlaceOf(shard.table, h)] = {.is_used = true,
                                            .was_read = false,
                                            .h = h,
                                            .value = value,
                                            .key = std::move(own_key)};
    ++shard.used;
  } catch (const std::bad_alloc&) {
    // The value stays in the store.
  }
}

void HotValues::DropFrom(Shard& shard, int64_t h) noexcept {
  ++shard.version;
  if (shard.used == 0) return;
  const size_t at = PlaceOf(shard.table, h);
  if (shard.table[at].is_used) EraseAt(shard, at);
}

void HotValues::Hold(int64_t h) noexcept {
  Shard& shard = ShardOf(h);
  std::lock_guard<std::mutex> guard(shard.mutex);
  ++shard.holds;
}

void HotValues::Drop(int64_t h) noexcept {
  Shard& shard = ShardOf(h);
  std::lock_guard<std::mutex> guard(shard.mutex);
  DropFrom(shard, h);
}

void HotValues::DropHeld(int64_t h) noexcept {
  Shard& shard = ShardOf(h);
  std::lock_guard<std::mutex> guard(shard.mutex);
  assert(shard.holds > 0);
  --shard.holds;
  DropFrom(shard, h);
}

void HotValues::DropAll() noexcept {
  for (Shard& shard : shards_) {
    std::vector<Record> dropped;  // destroyed after the mutex is released
    std::lock_guard<std::mutex> guard(shard.mutex);
    ++shard.version;
    uint64_t bytes = 0;
    for (const Record& record : shard.table) {
      if (record.is_used) bytes += CostOf(record.key, record.value.value);
    }
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    shard.used = 0;
    shard.hand = 0;
    dropped.swap(shard.table);
  }
}

}  // namespace appcache::residency
