// Directory: the states of a record, and the sizes that follow them.

#include "engine/residency/directory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/engine/residency/directory_driver.h"

namespace appcache::residency::directory_test {
namespace {

struct Sizes {
  uint64_t pending;
  uint64_t resident;
  size_t records;
  int64_t entries;
  int64_t bytes;

  friend bool operator==(const Sizes&, const Sizes&) = default;
};
std::ostream& operator<<(std::ostream& out, const Sizes& sizes) {
  return out << "pending " << sizes.pending << ", resident " << sizes.resident
             << ", records " << sizes.records << ", entries " << sizes.entries
             << ", bytes " << sizes.bytes;
}

constexpr int64_t kH = 5;

class DirectoryTest : public testing::Test {
 protected:
  ~DirectoryTest() override {
    driver_.Clear();
    driver_.Flush();
    driver_.Reclaim();
    EXPECT_EQ(Now(), (Sizes{0, 0, 0, 0, 0})) << "at the end";
    EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
    EXPECT_EQ(directory_.sizes().absent_bytes, 0u);
  }

  Sizes Now() const {
    return {directory_.sizes().pending_bytes, directory_.sizes().resident_bytes,
            directory_.record_count(), directory_.sizes().visible.entries,
            directory_.sizes().visible.bytes};
  }

  // Keys have three bytes.
  void Set(std::string_view value) { driver_.Set(kH, value); }
  void Remove() { EXPECT_TRUE(driver_.Remove(kH)); }
  std::string State() { return driver_.State(kH); }
  std::string Get() { return driver_.Get(kH); }
  // What is dirty: one change.
  Taken Take() {
    std::vector<Taken> batch = driver_.Take();
    EXPECT_EQ(batch.size(), 1u);
    return std::move(batch.at(0));
  }

  DirectoryDriver driver_;
  Directory& directory_ = driver_.directory();
};

TEST_F(DirectoryTest, IsEmptyAtFirst) {
  EXPECT_EQ(State(), "none");
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(Now(), (Sizes{0, 0, 0, 0, 0}));
}

// --- Set.

TEST_F(DirectoryTest, ANewEntryIsDirtyAndPending) {
  Set("12345");
  EXPECT_EQ(State(), "dirty");
  EXPECT_EQ(Get(), "12345");
  EXPECT_EQ(Now(), (Sizes{8, 0, 1, 1, 8}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, AWrittenEntryIsCleanAndResident) {
  Set("12345");
  const Taken taken = Take();
  EXPECT_EQ(State(), "batch");
  EXPECT_EQ(Now(), (Sizes{8, 0, 1, 1, 8}));
  EXPECT_EQ(driver_.Dirty(kH), 0u);
  driver_.Written(taken);
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Get(), "12345");
  EXPECT_EQ(Now(), (Sizes{0, 8, 1, 1, 8}));
}

TEST_F(DirectoryTest, ASetOverACleanEntryIsDirty) {
  driver_.SetClean(kH, "12345");
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Now(), (Sizes{0, 8, 1, 1, 8}));
  Set("1");
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Now(), (Sizes{4, 0, 1, 1, 4}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, ASetOverADirtyEntryIsDirtyOnce) {
  Set("12345");
  Set("1");
  EXPECT_EQ(State(), "dirty");
  EXPECT_EQ(Now(), (Sizes{4, 0, 1, 1, 4}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, ASetOverAnAbsentEntryIsVisible) {
  driver_.SetClean(kH, "12345");
  Remove();
  Set("1");
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Now(), (Sizes{4, 0, 1, 1, 4}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, ACleanSetOverADirtyEntryIsClean) {
  Set("12345");
  driver_.SetClean(kH, "1");
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Now(), (Sizes{0, 4, 1, 1, 4}));
  EXPECT_EQ(driver_.Dirty(kH), 0u);
}

TEST_F(DirectoryTest, ACleanSetOverAnAbsentEntryIsVisibleAndClean) {
  driver_.SetClean(kH, "12345");
  Remove();
  driver_.SetClean(kH, "1");
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(driver_.Dirty(kH), 0u);
}

TEST_F(DirectoryTest, ASetStoresItsTick) {
  driver_.Set(kH, "1", 0, 17);
  EXPECT_EQ(Directory::Access(directory_, kH)->Find(kH)->tick, 17);
  driver_.SetClean(kH, "1", 0, 18);
  EXPECT_EQ(Directory::Access(directory_, kH)->Find(kH)->tick, 18);
}

TEST_F(DirectoryTest, AnEntryAndItsRecordReferToEachOther) {
  Set("1");
  Set("2");
  const Directory::Access access(directory_, kH);
  const Record* const record = access->Find(kH);
  EXPECT_EQ(record->entry()->record, record);
}

// --- Remove.

TEST_F(DirectoryTest, ARemovedNewEntryLeavesNothing) {
  Set("12345");
  Remove();
  EXPECT_EQ(State(), "none");
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(Now(), (Sizes{0, 0, 0, 0, 0}));
  EXPECT_EQ(driver_.Dirty(kH), 0u);
  EXPECT_TRUE(driver_.Take().empty());
}

TEST_F(DirectoryTest, ARemovedCleanEntryIsAbsentUntilItsRowIsRemoved) {
  driver_.SetClean(kH, "12345");
  Remove();
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 0, 0}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
  const Taken taken = Take();
  EXPECT_EQ(taken.entry, nullptr);
  EXPECT_EQ(State(), "batch row absent");
  EXPECT_EQ(directory_.sizes().absent_bytes, 8u) << "its memory";
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 0, 0}));
  driver_.Written(taken);
  EXPECT_EQ(State(), "none");
  EXPECT_EQ(Now(), (Sizes{0, 0, 0, 0, 0}));
}

TEST_F(DirectoryTest, ARemovedDirtyEntryWithARowIsAbsent) {
  driver_.SetClean(kH, "12345");
  Set("1");
  Remove();
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 0, 0}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, ARemovedEntryWhoseValueIsAwayIsAbsent) {
  driver_.SetClean(kH, "12345");
  driver_.ExchangeAway(kH);
  Remove();
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 0, 0}));
}

TEST_F(DirectoryTest, PutAbsentIsNeverVisible) {
  {
    Directory::Access access(directory_, kH);
    access->Reserve(1, false);
    access->PutAbsent(EntryPtr(Entry::NewAway(kH, 3, 5, 0)));
  }
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 0, 0}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
  driver_.SetClean(kH, "12345");
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Now(), (Sizes{0, 8, 1, 1, 8}));
}

// --- Rewrite and Exchange.

TEST_F(DirectoryTest, RewriteMakesACleanEntryDirty) {
  driver_.SetClean(kH, "12345");
  for (int i = 0; i < 2; ++i) {
    Directory::Access access(directory_, kH);
    access->Rewrite(*access->Find(kH));
  }
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Now(), (Sizes{8, 0, 1, 1, 8}));
  EXPECT_EQ(driver_.Dirty(kH), 1u);
}

TEST_F(DirectoryTest, RewriteOfAnEntryInABatchDoesNothing) {
  Set("12345");
  const Taken taken = Take();
  {
    Directory::Access access(directory_, kH);
    access->Rewrite(*access->Find(kH));
  }
  EXPECT_EQ(State(), "batch");
  EXPECT_EQ(Now(), (Sizes{8, 0, 1, 1, 8}));
  driver_.Written(taken);
}

TEST_F(DirectoryTest, AValueMayLeaveMemoryAndComeBack) {
  driver_.SetClean(kH, "12345", 0, 17);
  driver_.ExchangeAway(kH);
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Get(), "away");
  EXPECT_EQ(Now(), (Sizes{0, 0, 1, 1, 8}));
  driver_.ExchangeBack(kH, "12345");
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Get(), "12345");
  EXPECT_EQ(Now(), (Sizes{0, 8, 1, 1, 8}));
  const Directory::Access access(directory_, kH);
  const Record* const record = access->Find(kH);
  EXPECT_EQ(record->tick, 17) << "neither is an access";
  EXPECT_EQ(record->entry()->record, record);
}

TEST_F(DirectoryTest, ASetOverAnEntryWhoseValueIsAway) {
  driver_.SetClean(kH, "12345");
  driver_.ExchangeAway(kH);
  Set("1");
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Now(), (Sizes{4, 0, 1, 1, 4}));
}

// --- Clear.

TEST_F(DirectoryTest, ClearRemovesEverything) {
  const auto h = [](uint64_t i) {
    return DirectoryDriver::H(i, i % Directory::kShards);
  };
  for (uint64_t i = 0; i < 100; ++i) driver_.SetClean(h(i), "12345");
  for (uint64_t i = 0; i < 40; ++i) driver_.Set(h(i), "1");
  for (uint64_t i = 30; i < 50; ++i) driver_.Remove(h(i));
  EXPECT_EQ(driver_.Clear(), 80u);
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(driver_.State(h(i)), "none");
    EXPECT_EQ(driver_.Get(h(i)), "none");
    EXPECT_EQ(driver_.Dirty(h(i)), 0u);
  }
  EXPECT_EQ(Now(), (Sizes{0, 0, 0, 0, 0}));
  EXPECT_EQ(driver_.Clear(), 0u);
}

TEST_F(DirectoryTest, AKeyMayBeSetAgainAfterAClear) {
  driver_.SetClean(kH, "12345");
  driver_.Clear();
  Set("1");
  EXPECT_EQ(State(), "dirty");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Now(), (Sizes{4, 0, 1, 1, 4}));
}

TEST_F(DirectoryTest, AReaderMayUseAnEntryAfterAClear) {
  Set("12345");
  {
    const Epochs::Section section(driver_.epochs(),
                                  driver_.epochs().ForThisThread());
    const Entry* const entry = directory_.Find(kH);
    driver_.Clear();
    driver_.Reclaim();
    EXPECT_EQ(entry->value(), "12345");
    entry->record->tick = 1;
  }
  driver_.Reclaim();
  EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
}

// A reader that is late stores its tick in the record of the entry that it has
// found, which must be no other entry's by then.
TEST_F(DirectoryTest, ARecordIsNotUsedAgainWhileAReaderMayHaveIt) {
  Set("12345");
  const Record* record = nullptr;
  {
    const Epochs::Section section(driver_.epochs(),
                                  driver_.epochs().ForThisThread());
    record = directory_.Find(kH)->record;
    Remove();
    for (int64_t h = 100; h < 150; ++h) driver_.Set(h, "1");
    driver_.Reclaim();
    for (int64_t h = 150; h < 200; ++h) driver_.Set(h, "1");
  }
  for (int64_t h = 100; h < 200; ++h) {
    EXPECT_NE(Directory::Access(directory_, h)->Find(h), record) << h;
  }
}

// --- Shards.

TEST_F(DirectoryTest, EveryHIsFoundInItsShard) {
  for (uint64_t shard = 0; shard < Directory::kShards; ++shard) {
    const int64_t h = DirectoryDriver::H(7, shard);
    EXPECT_EQ(Directory::ShardOf(h), shard);
    EXPECT_EQ(Directory::ShardOf(Directory::FirstOfShard(shard)), shard);
    driver_.Set(h, std::to_string(shard));
  }
  for (uint64_t shard = 0; shard < Directory::kShards; ++shard) {
    EXPECT_EQ(driver_.Get(DirectoryDriver::H(7, shard)), std::to_string(shard));
  }
  EXPECT_EQ(directory_.record_count(), Directory::kShards);
}

TEST_F(DirectoryTest, ForEachVisitsAbsentRecordsToo) {
  driver_.Set(DirectoryDriver::H(1, 1), "1");
  driver_.SetClean(DirectoryDriver::H(2, 2), "1");
  driver_.SetClean(DirectoryDriver::H(3, 9), "1");
  driver_.Remove(DirectoryDriver::H(3, 9));
  std::vector<int64_t> visited;
  directory_.ForEach(
      [&](const Record& record) { visited.push_back(record.entry()->h); });
  EXPECT_EQ(visited, (std::vector<int64_t>{DirectoryDriver::H(1, 1),
                                           DirectoryDriver::H(2, 2),
                                           DirectoryDriver::H(3, 9)}));
}

}  // namespace
}  // namespace appcache::residency::directory_test
