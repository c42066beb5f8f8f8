// Reclaimer: frees what no reader can use, in order, and counts what waits.

#include "engine/residency/reclaimer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/residency/epochs.h"
#include "engine/residency/spare_blocks.h"
#include "tests/engine/residency/inside_thread.h"
#include "tests/engine/residency/watched_entry.h"

namespace appcache::residency::reclaimer_test {
namespace {

using Section = Epochs::Section;

class ReclaimerTest : public testing::Test {
 protected:
  ReclaimerTest() {
    reclaimer_.emplace(*epochs_, [this](int64_t h, Record* record) {
      freed_.push_back({h, record});
      if (on_free_) on_free_();
    });
  }

  bool Add(const WatchedEntry& entry, bool frees_record = false) {
    RetiredChain chain;
    chain.Add(entry.Retire(), frees_record);
    return reclaimer_->Add(std::move(chain));
  }

  // Cleared shards with a record of this entry.
  std::unique_ptr<ClearedShards> Cleared(const WatchedEntry& entry,
                                         size_t bytes) {
    auto cleared = std::make_unique<ClearedShards>();
    ClearedShards::Shard shard;
    shard.records.Reserve(1);
    shard.records.Take()->SetEntry(entry.Retire());
    cleared->shards.push_back(std::move(shard));
    cleared->bytes = bytes;
    return cleared;
  }

  std::vector<int64_t> FreedHashes() const {
    std::vector<int64_t> hashes;
    for (const auto& [h, record] : freed_) hashes.push_back(h);
    return hashes;
  }

  void Enter() { section_.emplace(*epochs_, epochs_->ForThisThread()); }
  void Leave() { section_.reset(); }

  // On the heap: GCC 12 with -fsanitize=address does not align an object on the
  // stack to 128 bytes.
  const std::unique_ptr<Epochs> epochs_ = std::make_unique<Epochs>();
  std::vector<std::pair<int64_t, Record*>> freed_;
  std::function<void()> on_free_;
  std::optional<Reclaimer> reclaimer_;
  std::optional<Section> section_;
};

// --- When memory is freed.

TEST_F(ReclaimerTest, NothingIsFreedBeforeCollect) {
  const WatchedEntry entry(1);
  Add(entry);
  EXPECT_FALSE(entry.is_freed());
  reclaimer_->Collect();
  EXPECT_TRUE(entry.is_freed());
}

TEST_F(ReclaimerTest, NothingIsFreedWhileAReaderIsInside) {
  const WatchedEntry entry(1);
  InsideThread reader(*epochs_);
  Add(entry, /*frees_record=*/true);
  for (int i = 0; i < 3; ++i) reclaimer_->Collect();
  EXPECT_FALSE(entry.is_freed());
  EXPECT_TRUE(freed_.empty());
  reader.Leave();
  reclaimer_->Collect();
  EXPECT_TRUE(entry.is_freed());
  EXPECT_EQ(freed_.size(), 1u);
}

TEST_F(ReclaimerTest, AReaderHoldsBackNothingThatWasCollectedBefore) {
  const WatchedEntry before(1);
  const WatchedEntry after(2);
  InsideThread first(*epochs_);
  Add(before);
  reclaimer_->Collect();
  const InsideThread second(*epochs_);
  Add(after);
  first.Leave();
  reclaimer_->Collect();
  EXPECT_TRUE(before.is_freed());
  EXPECT_FALSE(after.is_freed());
}

TEST_F(ReclaimerTest, BytesCountWhatWaits) {
  const WatchedEntry first(1, "12345");
  const WatchedEntry second(2, std::string(1000, 'x'));
  EXPECT_EQ(reclaimer_->bytes(), 0u);
  Enter();
  Add(first);
  EXPECT_EQ(reclaimer_->bytes(), first->memory_bytes());
  reclaimer_->Collect();
  EXPECT_EQ(reclaimer_->bytes(), first->memory_bytes());
  Add(second);
  EXPECT_EQ(reclaimer_->bytes(),
            first->memory_bytes() + second->memory_bytes());
  Leave();
  reclaimer_->Collect();
  EXPECT_EQ(reclaimer_->bytes(), 0u);
}

TEST_F(ReclaimerTest, AddSaysWhenManyEntriesWait) {
  const auto add = [this] { return Add(WatchedEntry(1, "")); };
  for (int i = 1; i < 1024; ++i) ASSERT_FALSE(add()) << i;
  EXPECT_TRUE(add());
  reclaimer_->Collect();
  EXPECT_FALSE(add()) << "they were collected";
}

TEST_F(ReclaimerTest, AddSaysWhenMuchMemoryWaits) {
  const auto add = [this] {
    return Add(WatchedEntry(1, std::string(300 << 10, 'x')));
  };
  EXPECT_FALSE(add());
  EXPECT_TRUE(add());
}

TEST_F(ReclaimerTest, ARecordIsFreedBeforeItsEntry) {
  const WatchedEntry entry(7);
  Record record;
  entry->record = &record;
  bool was_freed = true;
  on_free_ = [&] { was_freed = entry.is_freed(); };
  Add(entry, /*frees_record=*/true);
  reclaimer_->Collect();
  ASSERT_EQ(freed_.size(), 1u);
  EXPECT_EQ(freed_[0], std::make_pair(int64_t{7}, &record));
  EXPECT_FALSE(was_freed);
  EXPECT_TRUE(entry.is_freed());
}

TEST_F(ReclaimerTest, AReplacedEntryDoesNotFreeItsRecord) {
  const WatchedEntry entry(7);
  Add(entry, /*frees_record=*/false);
  reclaimer_->Collect();
  EXPECT_TRUE(freed_.empty());
}

// The directory's callback locks a shard, whose owner may be adding.
TEST_F(ReclaimerTest, FreeRecordMayAdd) {
  const WatchedEntry first(1);
  const WatchedEntry second(2);
  on_free_ = [&] { Add(second); };
  Add(first, /*frees_record=*/true);
  reclaimer_->Collect();
  EXPECT_TRUE(first.is_freed());
  reclaimer_->Collect();
  EXPECT_TRUE(second.is_freed());
}

TEST_F(ReclaimerTest, AValueThatIsSharedSurvivesItsEntry) {
  EntryPtr entry(Entry::New(1, "key", "the value", 0));
  const Bytes value = entry->ShareValue();
  RetiredChain chain;
  chain.Add(entry.release(), false);
  reclaimer_->Add(std::move(chain));
  reclaimer_->Collect();
  EXPECT_EQ(reclaimer_->bytes(), 0u);
  EXPECT_EQ(value.view(), "the value");
}

TEST_F(ReclaimerTest, ItsEndFreesWhatWaits) {
  const WatchedEntry collected(1);
  const WatchedEntry added(2);
  const WatchedEntry cleared(3);
  const WatchedEntry dead(4);
  reclaimer_->Add(Cleared(dead, 10));
  reclaimer_->Collect();
  Enter();
  Add(collected);
  reclaimer_->Collect();
  Add(added);
  reclaimer_->Add(Cleared(cleared, 10));
  Leave();
  reclaimer_.reset();
  for (const WatchedEntry* const entry :
       {&collected, &added, &cleared, &dead}) {
    EXPECT_TRUE(entry->is_freed()) << (*entry)->h;
  }
}

// Cleared shards whose entries are several chains of spare blocks.
std::unique_ptr<ClearedShards> ManyCleared() {
  auto cleared = std::make_unique<ClearedShards>();
  cleared->shards.emplace_back();
  for (size_t i = 0; i < 3 * SpareBlocks::ChainLength(300); ++i) {
    cleared->shards[0].chain.Add(
        Entry::New(1, "", std::string(300 - sizeof(Entry), 'v'), 0), false);
  }
  return cleared;
}

TEST_F(ReclaimerTest, ItsEndLeavesNoSpareBlocksOfAddedShardsInThePool) {
  SpareBlocks::FreePool();
  reclaimer_->Add(ManyCleared());
  reclaimer_.reset();
  EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
}

TEST_F(ReclaimerTest, ItsEndLeavesNoSpareBlocksOfWaitingShardsInThePool) {
  SpareBlocks::FreePool();
  Enter();
  reclaimer_->Add(ManyCleared());
  reclaimer_->Collect();
  Leave();
  reclaimer_.reset();
  EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
}

TEST_F(ReclaimerTest, ItsEndLeavesNoSpareBlocksOfDeadShardsInThePool) {
  SpareBlocks::FreePool();
  reclaimer_->Add(ManyCleared());
  reclaimer_->Collect();
  reclaimer_.reset();
  EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
}

// --- More batches than there are places.

TEST_F(ReclaimerTest, ManyBatchesWaitForOneReaderAndAreFreedInOrder) {
  std::vector<WatchedEntry> entries;
  std::vector<int64_t> hashes;
  size_t bytes = 0;
  Enter();
  for (int64_t h = 0; h < 20; ++h) {
    hashes.push_back(h);
    bytes += entries.emplace_back(h)->memory_bytes();
    Add(entries.back(), /*frees_record=*/true);
    reclaimer_->Collect();
    ASSERT_EQ(reclaimer_->bytes(), bytes);
  }
  for (const WatchedEntry& entry : entries) EXPECT_FALSE(entry.is_freed());
  Leave();
  reclaimer_->Collect();
  std::vector<int64_t> freed = FreedHashes();
  // The last batch has what there was no place for, in any order.
  ASSERT_EQ(freed.size(), hashes.size());
  std::sort(freed.begin() + 7, freed.end());
  EXPECT_EQ(freed, hashes);
  for (const WatchedEntry& entry : entries) EXPECT_TRUE(entry.is_freed());
  EXPECT_EQ(reclaimer_->bytes(), 0u);
}

TEST_F(ReclaimerTest, WhatIsMergedIntoTheLastBatchWaitsForItsOwnReaders) {
  std::vector<WatchedEntry> entries;
  InsideThread first(*epochs_);
  for (int64_t h = 0; h < 8; ++h) {
    Add(entries.emplace_back(h));
    reclaimer_->Collect();
  }
  InsideThread second(*epochs_);
  const WatchedEntry newest(8);
  Add(newest);
  reclaimer_->Collect();
  first.Leave();
  reclaimer_->Collect();
  EXPECT_FALSE(newest.is_freed());
  for (int64_t h = 0; h < 7; ++h) EXPECT_TRUE(entries[h].is_freed()) << h;
  second.Leave();
  reclaimer_->Collect();
  EXPECT_TRUE(newest.is_freed());
  EXPECT_TRUE(entries[7].is_freed());
}

// --- Cleared shards.

TEST_F(ReclaimerTest, ClearedShardsAreFreedOnlyByFreeCleared) {
  const WatchedEntry entry(1);
  reclaimer_->Add(Cleared(entry, 1000));
  EXPECT_EQ(reclaimer_->bytes(), 1000u);
  reclaimer_->FreeCleared();
  EXPECT_FALSE(entry.is_freed()) << "not collected";
  reclaimer_->Collect();
  EXPECT_FALSE(entry.is_freed());
  EXPECT_EQ(reclaimer_->bytes(), 1000u);
  reclaimer_->FreeCleared();
  EXPECT_TRUE(entry.is_freed());
  EXPECT_EQ(reclaimer_->bytes(), 0u);
}

TEST_F(ReclaimerTest, ClearedShardsAreNotFreedWhileAReaderIsInside) {
  const WatchedEntry entry(1);
  Enter();
  reclaimer_->Add(Cleared(entry, 1000));
  reclaimer_->Collect();
  reclaimer_->FreeCleared();
  EXPECT_FALSE(entry.is_freed());
  Leave();
  reclaimer_->Collect();
  reclaimer_->FreeCleared();
  EXPECT_TRUE(entry.is_freed());
}

TEST_F(ReclaimerTest, SeveralClearsAreFreedTogether) {
  std::vector<WatchedEntry> entries;
  Enter();
  for (int64_t h = 0; h < 20; ++h) {
    reclaimer_->Add(Cleared(entries.emplace_back(h), 10));
    if (h % 2 == 0) reclaimer_->Collect();
  }
  EXPECT_EQ(reclaimer_->bytes(), 200u);
  Leave();
  reclaimer_->Collect();
  reclaimer_->FreeCleared();
  for (const WatchedEntry& entry : entries) EXPECT_TRUE(entry.is_freed());
  EXPECT_EQ(reclaimer_->bytes(), 0u);
}

TEST_F(ReclaimerTest, WhatAClearedShardHadRetiredDoesNotFreeItsRecord) {
  const WatchedEntry entry(1);
  auto cleared = std::make_unique<ClearedShards>();
  ClearedShards::Shard shard;
  shard.chain.Add(entry.Retire(), /*frees_record=*/true);
  shard.chain.Add(Slots::New(16));
  cleared->shards.push_back(std::move(shard));
  reclaimer_->Add(std::move(cleared));
  reclaimer_->Collect();
  reclaimer_->FreeCleared();
  EXPECT_TRUE(entry.is_freed());
  EXPECT_TRUE(freed_.empty()) << "it is in a pool that is gone";
}

// An entry was removed and collected, then its shard cleared: its record is in
// the cleared pool when it is freed.
TEST_F(ReclaimerTest, ARecordIsFreedBeforeTheClearedShardsThatHaveIt) {
  const WatchedEntry removed(1);
  const WatchedEntry other(2);
  auto cleared = Cleared(other, 10);
  RecordPool& pool = cleared->shards[0].records;
  pool.Reserve(1);
  removed->record = pool.Take();
  on_free_ = [&] { freed_.back().second->tick = 1; };  // still there
  Enter();
  Add(removed, /*frees_record=*/true);
  reclaimer_->Collect();
  reclaimer_->Add(std::move(cleared));
  reclaimer_->Collect();
  reclaimer_->FreeCleared();
  Leave();
  reclaimer_->FreeCleared();
  reclaimer_->Collect();
  EXPECT_EQ(freed_.size(), 1u);
  EXPECT_FALSE(other.is_freed());
  reclaimer_->FreeCleared();
  EXPECT_TRUE(other.is_freed());
}

TEST(ClearedShardsTest, ALongListOfClearsIsFreedWithoutRecursion) {
  std::unique_ptr<ClearedShards> list;
  for (int i = 0; i < 500'000; ++i) {
    auto one = std::make_unique<ClearedShards>();
    one->next = std::move(list);
    list = std::move(one);
  }
  list.reset();
}

}  // namespace
}  // namespace appcache::residency::reclaimer_test
