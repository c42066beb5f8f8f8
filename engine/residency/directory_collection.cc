// What a flush collects from a Directory.

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/residency/directory.h"
#include "engine/support/test_point.h"

namespace appcache::residency {

Directory::Taken Directory::Shard::Take(Record& record) noexcept {
  assert(record.Is(Record::kDirty) && !record.Is(Record::kInBatch));
  Entry* const entry = record.entry();
  const int64_t tick = LastUse(record);
  record.Drop(Record::kDirty);
  record.Add(Record::kInBatch);
  --dirty_;
  if (record.Is(Record::kAbsent)) return {entry->h, tick, nullptr};
  dirty_bytes_ -= static_cast<int64_t>(entry->content_bytes());
  entry->AddReference();
  return {entry->h, tick, EntryPtr(entry)};
}

void Directory::Shard::Collect() noexcept {
  std::vector<Taken>& collected = *collected_.load(std::memory_order_relaxed);
  assert(collected.capacity() - collected.size() >= dirty_);
  // Records lie together, and their entries do not: these are fetched early.
  constexpr size_t kFetched = 16;
  std::array<Record*, kFetched> fetched;
  size_t count = 0;
  const auto take = [&](size_t i) {
    AssertHeld();
    collected.push_back(Take(*fetched[i % kFetched]));
  };
  ForEach([&](Record& record) {
    if (!record.Is(Record::kDirty)) return;
    __builtin_prefetch(record.entry(), 1);
    if (count >= kFetched) take(count);
    fetched[count++ % kFetched] = &record;
  });
  for (size_t i = count - std::min(count, kFetched); i < count; ++i) take(i);
  assert(dirty_ == 0);
  collected_.store(nullptr, std::memory_order_relaxed);
}

size_t Directory::AccessAll::dirty() const noexcept {
  size_t count = 0;
  for (const Shard& shard : shards()) {
    shard.AssertHeld();
    count += shard.dirty();
  }
  return count;
}

void Directory::AccessAll::CollectIfDue() const noexcept {
  for (size_t i = 0; i < kShards; ++i) {
    const auto& collected = directory_.shards_[i].collected_;
    if (collected.load(std::memory_order_relaxed) != nullptr) {
      const Access access(directory_, FirstOfShard(i));
    }
  }
}

Directory::Collection::Collection(AccessAll& all) : directory_(all.directory_) {
  // Memory first.
  for (size_t i = 0; i < kShards; ++i) {
    shards_[i].reserve(all.shards()[i].dirty());
  }
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = all.shards()[i];
    if (shard.dirty() == 0) continue;
    shard.collected_.store(&shards_[i], std::memory_order_relaxed);
  }
}

Directory::Collection::~Collection() {
  for (size_t i = 0; i < kShards; ++i) {
    assert(directory_.shards_[i].collected_.load() != &shards_[i]);
  }
}

void Directory::Collection::Finish() noexcept {
  for (size_t i = 0; i < kShards; ++i) {
    internal::TestPoint("flush.collecting");
    const Access access(directory_, FirstOfShard(i));
  }
}

}  // namespace appcache::residency
