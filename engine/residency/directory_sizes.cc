// The sizes of a Directory, and whether its limits allow more.

#include "engine/residency/directory.h"

namespace appcache::residency {

size_t Directory::record_count() const {
  size_t count = 0;
  for (size_t i = 0; i < kShards; ++i) {
    const internal::LockGuard<Shard> guard(shards_[i]);
    count += shards_[i].records();
  }
  return count;
}

size_t Directory::AccessAll::record_count() const noexcept {
  size_t count = 0;
  for (const Shard& shard : shards()) {
    shard.AssertHeld();
    count += shard.records();
  }
  return count;
}

Directory::Sizes Directory::sizes() const {
  Sizes sum;
  sum.directory_bytes = sizeof(Directory) + kShards * sizeof(Shard);
  for (size_t i = 0; i < kShards; ++i) shards_[i].lock();
  for (size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    sum.visible.entries += shard.visible_.entries;
    sum.visible.bytes += shard.visible_.bytes;
    sum.pending_bytes += static_cast<uint64_t>(shard.pending_bytes_);
    sum.resident_bytes += static_cast<uint64_t>(shard.resident_bytes_);
    sum.absent_bytes += static_cast<uint64_t>(shard.absent_bytes_);
    sum.directory_bytes += shard.memory_bytes();
  }
  for (size_t i = 0; i < kShards; ++i) shards_[i].unlock();
  return sum;
}

Directory::Size Directory::Growth(const Entry* visible,
                                  const Entry& entry) noexcept {
  if (visible == nullptr) return {1, entry.bytes()};
  return {0, entry.bytes() - visible->bytes()};
}

bool Directory::HasRoom(SharedSum& sum, PartOf part, int64_t more) noexcept {
  if (sum.HasRoom(more)) return true;
  // Others wait for the thread that makes the sum exact. Until it has, the sum
  // may be too large.
  const internal::MutexLock guard(exact_mutex_);
  if (!sum.is_exact()) {
    sum.BeginExact();
    for (size_t i = 0; i < kShards; ++i) {
      const internal::LockGuard<Shard> guard(shards_[i]);
      sum.Settle(shards_[i].*part);
    }
    sum.FinishExact();
  }
  return sum.HasRoom(more);
}

bool Directory::HasRoom(const Size& growth) noexcept {
  return HasRoom(entries_, &Shard::entries_part_, growth.entries) &&
         HasRoom(bytes_, &Shard::bytes_part_, growth.bytes);
}

bool Directory::HasPendingRoom(uint64_t more) noexcept {
  return HasRoom(pending_bytes_, &Shard::pending_part_,
                 static_cast<int64_t>(more));
}

bool Directory::HasResidentRoom(uint64_t more) noexcept {
  return HasRoom(resident_bytes_, &Shard::resident_part_,
                 static_cast<int64_t>(more));
}

bool Directory::AccessAll::IsOver(const Size& more) noexcept {
  const auto has_room = [&](SharedSum& sum, PartOf part, int64_t delta) {
    if (sum.HasRoom(delta)) return true;
    // All shards are locked, so no part changes. If another thread is making
    // the sum exact, it goes on when they are unlocked.
    for (Shard& shard : shards()) sum.ReturnAdvance(shard.*part);
    return sum.HasRoom(delta);
  };
  return !has_room(directory_.entries_, &Shard::entries_part_, more.entries) ||
         !has_room(directory_.bytes_, &Shard::bytes_part_, more.bytes);
}

}  // namespace appcache::residency
