#include "engine/residency/reclaimer.h"

#include <cassert>

#include "engine/support/test_point.h"

namespace appcache::residency {
namespace {

// How much is collected before a barrier.
constexpr size_t kCollectCount = 1024;
constexpr size_t kCollectBytes = size_t{512} << 10;

size_t BytesOf(const ClearedShards* list) noexcept {
  size_t bytes = 0;
  for (; list != nullptr; list = list->next.get()) bytes += list->bytes;
  return bytes;
}

// Appends a list of cleared shards to another.
void AppendCleared(std::unique_ptr<ClearedShards>& to,
                   std::unique_ptr<ClearedShards> from) noexcept {
  std::unique_ptr<ClearedShards>* last = &to;
  while (*last != nullptr) last = &(*last)->next;
  *last = std::move(from);
}

}  // namespace

void RetiredChain::Add(Entry* entry, bool frees_record) noexcept {
  if (entries_ == nullptr) oldest_entry_ = entry;
  entry->next_retired =
      reinterpret_cast<uintptr_t>(entries_) | (frees_record ? 1 : 0);
  entries_ = entry;
  ++count_;
  bytes_ += entry->memory_bytes();
}

void RetiredChain::Add(Slots* slots) noexcept {
  if (slots_ == nullptr) oldest_slots_ = slots;
  slots->next_retired = slots_;
  slots_ = slots;
  ++count_;
  bytes_ += slots->memory_bytes();
}

void RetiredChain::Append(RetiredChain&& other) noexcept {
  if (other.entries_ != nullptr) {
    if (entries_ == nullptr) {
      oldest_entry_ = other.oldest_entry_;
    } else {
      other.oldest_entry_->next_retired |=
          reinterpret_cast<uintptr_t>(entries_);
    }
    entries_ = std::exchange(other.entries_, nullptr);
  }
  if (other.slots_ != nullptr) {
    if (slots_ == nullptr) {
      oldest_slots_ = other.oldest_slots_;
    } else {
      other.oldest_slots_->next_retired = slots_;
    }
    slots_ = std::exchange(other.slots_, nullptr);
  }
  count_ += std::exchange(other.count_, 0);
  bytes_ += std::exchange(other.bytes_, 0);
}

ClearedShards::~ClearedShards() {
  for (Shard& shard : shards) {
    // The records go with the pool.
    shard.chain.ReleaseAll([](int64_t, Record*) {});
    shard.records.ForEach([](Record& record) { record.entry()->Release(); });
  }
  // Not by recursion, which could be deep.
  while (next != nullptr) next = std::move(next->next);
}

void Reclaimer::Batch::Append(Batch&& other) noexcept {
  chain.Append(std::move(other.chain));
  AppendCleared(cleared, std::move(other.cleared));
  stamp = other.stamp;
}

Reclaimer::~Reclaimer() {
  for (size_t i = 0; i < waiting_count_; ++i) {
    waiting_[i].chain.ReleaseAll(free_record_);
  }
  filling_.chain.ReleaseAll(free_record_);
  // What they free may go to the pool.
  for (Batch& batch : waiting_) batch.cleared.reset();
  filling_.cleared.reset();
  dead_.reset();
  SpareBlocks::FreePool();
}

bool Reclaimer::Add(RetiredChain&& chain) noexcept {
  waiting_bytes_.fetch_add(chain.bytes(), std::memory_order_relaxed);
  internal::MutexLock guard(mutex_);
  filling_.chain.Append(std::move(chain));
  return filling_.chain.count() >= kCollectCount ||
         filling_.chain.bytes() >= kCollectBytes;
}

void Reclaimer::Add(std::unique_ptr<ClearedShards> cleared) noexcept {
  waiting_bytes_.fetch_add(cleared->bytes, std::memory_order_relaxed);
  internal::MutexLock guard(mutex_);
  AppendCleared(filling_.cleared, std::move(cleared));
}

void Reclaimer::Collect() noexcept {
  // Others need not wait: this collection, or the next, does their work.
  if (!collect_mutex_.try_lock()) return;
  const internal::MutexLock collecting(collect_mutex_, std::adopt_lock);
  {
    internal::MutexLock guard(mutex_);
    if (!filling_.is_empty()) {
      // The last batch takes what there is no place for, and then waits longer.
      if (waiting_count_ == waiting_.size()) --waiting_count_;
      Batch& newest = waiting_[waiting_count_++];
      filling_.stamp = epochs_.Stamp();
      newest.Append(std::move(filling_));
    }
  }
  internal::TestPoint("reclaim.stamped");
  const uint64_t oldest = epochs_.OldestReader();
  for (;;) {
    Batch batch;
    {
      internal::MutexLock guard(mutex_);
      if (waiting_count_ == 0 || waiting_[0].stamp >= oldest) return;
      batch.Append(std::move(waiting_[0]));
      for (size_t i = 1; i < waiting_count_; ++i) {
        waiting_[i - 1].Append(std::move(waiting_[i]));
      }
      --waiting_count_;
    }
    const size_t dead = BytesOf(batch.cleared.get());
    dead_bytes_.fetch_add(dead, std::memory_order_relaxed);
    waiting_bytes_.fetch_sub(batch.chain.bytes() + dead,
                             std::memory_order_relaxed);
    batch.chain.ReleaseAll(free_record_);
    internal::MutexLock guard(mutex_);
    AppendCleared(dead_, std::move(batch.cleared));
  }
}

void Reclaimer::FreeCleared() noexcept {
  std::unique_ptr<ClearedShards> dead;
  {
    internal::MutexLock guard(mutex_);
    dead = std::move(dead_);
  }
  dead_bytes_.fetch_sub(BytesOf(dead.get()), std::memory_order_relaxed);
}

}  // namespace appcache::residency
