// RecordPool: records never move, are used again, and are found when in use.

#include "engine/residency/record_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/allocations.h"
#include "tests/support/random.h"

namespace appcache::residency::record_pool_test {
namespace {

// Records differ by their addresses only, so all have one entry.
EntryPtr AnEntry() { return EntryPtr(Entry::NewAway(0, 1, 1, 0)); }

class RecordPoolTest : public testing::Test {
 protected:
  Record* Take() {
    pool_.Reserve(1);
    Record* const record = pool_.Take();
    record->SetEntry(entry_.get());
    return record;
  }

  static std::set<Record*> Visited(const RecordPool& pool) {
    std::set<Record*> visited;
    pool.ForEach([&](Record& record) { visited.insert(&record); });
    return visited;
  }
  std::set<Record*> Visited() const { return Visited(pool_); }

  const EntryPtr entry_ = AnEntry();
  RecordPool pool_;
};

TEST_F(RecordPoolTest, AnEmptyPoolHasNoMemory) {
  EXPECT_EQ(pool_.memory_bytes(), 0u);
  EXPECT_TRUE(Visited().empty());
}

TEST_F(RecordPoolTest, ATakenRecordHasNoEntryAndNoState) {
  Record* const record = Take();
  record->Add(Record::kDirty);
  record->Add(Record::kHasRow);
  pool_.Free(record);
  pool_.Reserve(1);
  EXPECT_EQ(pool_.Take()->entry_and_state, 0u);
}

TEST_F(RecordPoolTest, RecordsDoNotMoveWhenThePoolGrows) {
  Record* const first = Take();
  first->tick = 17;
  first->Add(Record::kInBatch);
  std::set<Record*> all = {first};
  while (all.size() < 10'000) all.insert(Take());
  EXPECT_EQ(first->tick, 17);
  EXPECT_TRUE(first->Is(Record::kInBatch));
  EXPECT_EQ(first->entry(), entry_.get());
  EXPECT_EQ(Visited(), all);
}

TEST_F(RecordPoolTest, AFreedRecordIsUsedAgain) {
  std::vector<Record*> taken;
  for (int i = 0; i < 16; ++i) taken.push_back(Take());
  const size_t memory = pool_.memory_bytes();
  for (int round = 0; round < 100; ++round) {
    for (Record* const record : taken) pool_.Free(record);
    EXPECT_TRUE(Visited().empty());
    for (Record*& record : taken) record = Take();
    EXPECT_EQ(Visited(), std::set<Record*>(taken.begin(), taken.end()));
  }
  EXPECT_EQ(pool_.memory_bytes(), memory);
}

TEST_F(RecordPoolTest, ReserveIsForAllThatItMakesRoomFor) {
  pool_.Reserve(1000);
  const AllocationCounter counter;
  for (int i = 0; i < 1000; ++i) pool_.Take()->SetEntry(entry_.get());
  EXPECT_EQ(counter.count(), 0u);
  EXPECT_EQ(Visited().size(), 1000u);
}

TEST_F(RecordPoolTest, MemoryFollowsTheNeed) {
  for (size_t taken = 1; taken <= 20'000; ++taken) {
    Take();
    const size_t most = taken + std::clamp<size_t>(taken / 2, 16, 2048);
    ASSERT_LE(pool_.memory_bytes(), most * sizeof(Record)) << taken;
    ASSERT_GE(pool_.memory_bytes(), taken * sizeof(Record)) << taken;
  }
}

TEST_F(RecordPoolTest, ReserveWithoutMemoryChangesNothing) {
  Record* const record = Take();
  while (Visited().size() < 16) Take();
  const std::set<Record*> before = Visited();
  const size_t memory = pool_.memory_bytes();
  for (const uint64_t first : {1, 2}) {
    const FailingAllocations failing(first, 1);
    EXPECT_THROW(pool_.Reserve(1), std::bad_alloc);
    EXPECT_EQ(pool_.memory_bytes(), memory);
  }
  EXPECT_EQ(Visited(), before);
  pool_.Free(record);
  EXPECT_EQ(Take(), record);
  Take();
  EXPECT_EQ(Visited().size(), 17u);
}

TEST_F(RecordPoolTest, ForEachVisitsInTheOrderOfMemory) {
  for (int i = 0; i < 16; ++i) Take();
  std::vector<Record*> order;
  pool_.ForEach([&](Record& record) { order.push_back(&record); });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// An absent entry without a row has no record.
TEST_F(RecordPoolTest, ForEachVisitsRecordsInEveryState) {
  std::set<Record*> in_use;
  for (uintptr_t states = 0; states < 16; ++states) {
    Record* const record = Take();
    record->entry_and_state |= states;
    if (record->Is(Record::kAbsent) && !record->Is(Record::kHasRow)) {
      pool_.Free(record);
    } else {
      in_use.insert(record);
    }
  }
  EXPECT_EQ(in_use.size(), 12u);
  EXPECT_EQ(Visited(), in_use);
}

TEST_F(RecordPoolTest, ForEachSkipsATakenRecordWithoutAnEntry) {
  pool_.Reserve(1);
  pool_.Take();
  EXPECT_TRUE(Visited().empty());
}

TEST_F(RecordPoolTest, FreeOfARecordOfAnotherPoolDoesNothing) {
  RecordPool other;
  other.Reserve(1);
  Record* const foreign = other.Take();
  foreign->SetEntry(entry_.get());
  foreign->Add(Record::kDirty);
  const uintptr_t before = foreign->entry_and_state;
  Record* const own = Take();
  pool_.Free(foreign);
  EXPECT_EQ(foreign->entry_and_state, before);
  EXPECT_EQ(Visited(other), std::set<Record*>{foreign});
  for (int i = 0; i < 100; ++i) EXPECT_NE(Take(), foreign);
  EXPECT_NE(own, foreign);
}

TEST_F(RecordPoolTest, AMovedPoolKeepsItsRecordsAndTheOldOneIsEmpty) {
  Record* const record = Take();
  const std::set<Record*> before = Visited();
  RecordPool moved(std::move(pool_));
  EXPECT_EQ(Visited(moved), before);
  EXPECT_TRUE(Visited().empty());
  EXPECT_EQ(pool_.memory_bytes(), 0u);
  Record* const fresh = Take();
  pool_.Free(record);  // of the moved one now
  EXPECT_EQ(Visited(moved), before);
  EXPECT_EQ(Visited(), std::set<Record*>{fresh});
  EXPECT_NE(Take(), record);
}

TEST_F(RecordPoolTest, KnowsWhatIsInUseAfterManyChanges) {
  RandomSource random;
  std::vector<Record*> in_use;
  for (int i = 0; i < 5000; ++i) {
    if (in_use.empty() || random.Below(100) < 52) {
      in_use.push_back(Take());
    } else {
      std::swap(in_use[random.Below(in_use.size())], in_use.back());
      pool_.Free(in_use.back());
      in_use.pop_back();
    }
    if (i % 50 == 0) {
      ASSERT_EQ(Visited(), std::set<Record*>(in_use.begin(), in_use.end()));
    }
  }
}

}  // namespace
}  // namespace appcache::residency::record_pool_test
