// Directory: the memory that it needs, and what it does without any.

#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <string>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"
#include "tests/support/allocations.h"

namespace appcache::residency::directory_memory_test {
namespace {

int64_t H(uint64_t i) { return DirectoryDriver::H(i, i % Directory::kShards); }

class DirectoryMemoryTest : public testing::Test {
 protected:
  void Fill(uint64_t count, std::string_view value = "12345") {
    for (uint64_t i = 0; i < count; ++i) driver_.SetClean(H(i), value);
  }

  DirectoryDriver driver_;
  Directory& directory_ = driver_.directory();
};

// --- directory_bytes.

TEST_F(DirectoryMemoryTest, DirectoryBytesCountTablesRecordsAndHeaders) {
  const uint64_t empty = directory_.sizes().directory_bytes;
  driver_.Set(5, "12345");
  const uint64_t one = directory_.sizes().directory_bytes;
  EXPECT_EQ(one - empty,
            sizeof(Entry) + 16 * sizeof(Record) + 64 + 16 * sizeof(uint64_t));
  driver_.Set(6, "12345");
  EXPECT_EQ(directory_.sizes().directory_bytes - one, sizeof(Entry))
      << "table and records have room";
  driver_.Remove(6);
  EXPECT_EQ(directory_.sizes().directory_bytes, one);
}

TEST_F(DirectoryMemoryTest, DirectoryBytesDoNotCountValues) {
  driver_.SetClean(5, "1");
  const uint64_t before = directory_.sizes().directory_bytes;
  driver_.SetClean(5, std::string(1000, 'x'));
  EXPECT_EQ(directory_.sizes().directory_bytes, before);
  driver_.ExchangeAway(5);
  EXPECT_EQ(directory_.sizes().directory_bytes, before);
}

TEST_F(DirectoryMemoryTest, DirectoryBytesCountExpiryTimes) {
  driver_.Set(5, "1");
  const uint64_t before = directory_.sizes().directory_bytes;
  driver_.Set(5, "1", /*expires_at_ms=*/1000);
  EXPECT_GE(directory_.sizes().directory_bytes, before + 16);
}

TEST_F(DirectoryMemoryTest, DirectoryBytesReturnWithAClear) {
  const uint64_t empty = directory_.sizes().directory_bytes;
  Fill(1000);
  EXPECT_GT(directory_.sizes().directory_bytes, empty + 1000 * sizeof(Entry));
  driver_.Clear();
  EXPECT_EQ(directory_.sizes().directory_bytes, empty);
}

TEST_F(DirectoryMemoryTest, ComingAndGoingNeedsBoundedMemory) {
  uint64_t most = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    driver_.Set(DirectoryDriver::H(i), "12345", /*expires_at_ms=*/1000 + i);
    if (i >= 100) driver_.Remove(DirectoryDriver::H(i - 100));
    if (i == 1000) most = directory_.sizes().directory_bytes;
  }
  EXPECT_LE(directory_.sizes().directory_bytes, 2 * most);
}

TEST_F(DirectoryMemoryTest, SettingAnEntryAgainNeedsBoundedMemory) {
  const auto set = [&](int64_t expires_at_ms) {
    driver_.Set(5, "12345", expires_at_ms);
  };
  for (int i = 0; i < 100; ++i) set(1000 + i);
  const uint64_t before = directory_.sizes().directory_bytes;
  for (int i = 0; i < 10'000; ++i) set(1100 + i);
  EXPECT_EQ(directory_.sizes().directory_bytes, before)
      << "with new expiry times";
  for (int i = 0; i < 10'000; ++i) set(20'000);
  EXPECT_EQ(directory_.sizes().directory_bytes, before) << "with the same";
}

// --- What waits for readers.

TEST_F(DirectoryMemoryTest, AFewRemovedEntriesWaitInTheirShard) {
  driver_.Set(5, "12345");
  driver_.Remove(5);
  EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
  for (int i = 0; i < 16; ++i) {
    driver_.Set(5, "12345");
    driver_.Remove(5);
  }
  EXPECT_GT(directory_.reclaimer().bytes(), 0u);
  EXPECT_LE(directory_.reclaimer().bytes(), 17 * (sizeof(Entry) + 8));
}

TEST_F(DirectoryMemoryTest, ALargeReplacedEntryGoesToTheReclaimerAtOnce) {
  const std::string large(16 << 10, 'x');
  driver_.Set(5, large);
  driver_.Set(5, "1");
  EXPECT_GE(directory_.reclaimer().bytes(), large.size());
  driver_.Reclaim();
  EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
}

TEST_F(DirectoryMemoryTest, ReplacedEntriesAreFreedWithoutACallOfCollect) {
  const std::string value(100, 'x');
  size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    driver_.Set(5, value);
    most = std::max(most, directory_.reclaimer().bytes());
  }
  EXPECT_LE(most, 2048 * (sizeof(Entry) + value.size() + 3));
}

// Until FreeCleared, all memory of what was cleared waits: also the values that
// were not written, the records, and what had been removed before.
TEST_F(DirectoryMemoryTest, AClearCountsTheMemoryThatWaits) {
  const std::string value(1000, 'x');
  for (uint64_t i = 0; i < 100; ++i) {
    driver_.SetClean(DirectoryDriver::H(i), value);
    driver_.Set(DirectoryDriver::H(i, 1), value);
  }
  const uint64_t with_entries = directory_.sizes().directory_bytes;
  driver_.Clear();
  const uint64_t freed = with_entries - directory_.sizes().directory_bytes;
  EXPECT_GE(directory_.reclaimer().bytes(), freed + 200 * value.size());
  EXPECT_LE(directory_.reclaimer().bytes(),
            freed + 200 * value.size() + 10'000);
  driver_.Reclaim();
  EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
}

// --- Without memory.

TEST_F(DirectoryMemoryTest, ARemovalAllocatesNothing) {
  Fill(5000);
  for (uint64_t i = 5000; i < 10'000; ++i) driver_.Set(H(i), "12345");
  driver_.Reclaim();
  const AllocationCounter counter;
  for (uint64_t i = 0; i < 10'000; ++i) driver_.Remove(H(i));
  EXPECT_EQ(counter.count(), 0u);
  driver_.Reclaim();
  EXPECT_EQ(counter.count(), 0u);
  EXPECT_EQ(directory_.record_count(), 5000u) << "have rows";
  EXPECT_EQ(directory_.reclaimer().bytes(), 0u);
}

TEST_F(DirectoryMemoryTest, APutAllocatesNothingAfterReserve) {
  EntryPtr entry(Entry::New(5, "key", "12345", 1000));
  Directory::Access access(directory_, 5);
  access->Reserve(1, /*may_expire=*/true);
  const AllocationCounter counter;
  access->Put(std::move(entry), 0);
  EXPECT_EQ(counter.count(), 0u);
}

TEST_F(DirectoryMemoryTest, ReserveWithoutMemoryChangesNothingThatAReaderSees) {
  for (uint64_t i = 0; i < 16; ++i) {
    driver_.Set(DirectoryDriver::H(i), "12345");
  }
  for (const uint64_t first : {1, 2, 3}) {
    const FailingAllocations failing(first, 1);
    try {
      Directory::Access(directory_, 5)->Reserve(100, /*may_expire=*/true);
    } catch (const std::bad_alloc&) {
    }
    EXPECT_TRUE(failing.any_failed());
  }
  for (uint64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(driver_.Get(DirectoryDriver::H(i)), "12345");
  }
  driver_.Set(DirectoryDriver::H(16), "1", 1000);
  EXPECT_EQ(driver_.Get(DirectoryDriver::H(16)), "1");
}

TEST_F(DirectoryMemoryTest, AClearNeedsNoMemory) {
  driver_.Clear();  // has made what the next one needs
  Fill(100);
  uint64_t removed = 0;
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    removed = driver_.Clear();
  }
  EXPECT_EQ(removed, 100u);
  EXPECT_EQ(directory_.record_count(), 0u);
  EXPECT_EQ(driver_.Get(H(1)), "none");
}

TEST_F(DirectoryMemoryTest, ASecondClearWithoutMemoryChangesNothing) {
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    driver_.Clear();
  }
  Fill(100);
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    EXPECT_THROW(driver_.Clear(), std::bad_alloc);
  }
  EXPECT_EQ(directory_.record_count(), 100u);
  EXPECT_EQ(driver_.Get(H(1)), "12345");
  EXPECT_EQ(driver_.Clear(), 100u);
}

}  // namespace
}  // namespace appcache::residency::directory_memory_test
