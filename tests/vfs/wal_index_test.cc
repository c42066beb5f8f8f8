// The regions of the wal-index: one live memory at addresses that stay.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <vector>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::wal_index_test {
namespace {

constexpr int kRegionBytes = 32 << 10;
constexpr int kRegions = 100;

class WalIndexTest : public testing::Test {
 protected:
  RawFile first_{"index"};
  RawFile second_{"index"};
};

TEST_F(WalIndexTest, ARegionThatDoesNotExistIsNullUnlessItIsToBeCreated) {
  EXPECT_EQ(first_.Region(0, /*extend=*/false), nullptr);
  volatile char* const region = first_.Region(0, /*extend=*/true);
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(first_.Region(0, /*extend=*/false), region);
  EXPECT_EQ(first_.Region(1, /*extend=*/false), nullptr);
}

TEST_F(WalIndexTest, ANewRegionIsZero) {
  const volatile char* const region = first_.Region(0, /*extend=*/true);
  for (int i = 0; i < kRegionBytes; ++i) ASSERT_EQ(region[i], 0) << i;
}

TEST_F(WalIndexTest, AllConnectionsHaveTheSameMemory) {
  volatile char* const region = first_.Region(2, /*extend=*/true);
  EXPECT_EQ(second_.Region(2, /*extend=*/false), region);
}

TEST_F(WalIndexTest, RegionsStayWhereTheyAreAndDoNotOverlap) {
  std::vector<volatile char*> regions;
  for (int i = 0; i < kRegions; ++i) {
    regions.push_back(first_.Region(i, /*extend=*/true));
    for (int at = 0; at < kRegionBytes; ++at) {
      regions.back()[at] = static_cast<char>(i);
    }
  }
  for (int i = 0; i < kRegions; ++i) {
    ASSERT_EQ(second_.Region(i, /*extend=*/true), regions[i]);
    for (int at = 0; at < kRegionBytes; ++at) {
      ASSERT_EQ(regions[i][at], static_cast<char>(i)) << i << ", " << at;
    }
  }
}

TEST_F(WalIndexTest, RegionsStayWhenAConnectionUnmapsThem) {
  volatile char* const region = first_.Region(0, /*extend=*/true);
  region[5] = 'x';
  ASSERT_EQ(first_.methods().xShmUnmap(first_.get(), 0), SQLITE_OK);
  EXPECT_EQ(second_.Region(0, /*extend=*/false), region);
  EXPECT_EQ(region[5], 'x');
}

TEST_F(WalIndexTest, UnmappingReleasesTheConnectionsLocks) {
  first_.Region(0, /*extend=*/true);
  constexpr int kExclusive = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;
  ASSERT_EQ(first_.ShmLock(0, 1, kExclusive), SQLITE_OK);
  ASSERT_EQ(second_.ShmLock(0, 1, kExclusive), SQLITE_BUSY);
  ASSERT_EQ(first_.methods().xShmUnmap(first_.get(), 0), SQLITE_OK);
  EXPECT_EQ(second_.ShmLock(0, 1, kExclusive), SQLITE_OK);
}

TEST_F(WalIndexTest, DeletingTheIndexFreesItsMemory) {
  first_.Region(kRegions - 1, /*extend=*/true);
  EXPECT_EQ(MemoryUseOf("index")->log_bytes, kRegions * kRegionBytes + 0u);
  ASSERT_EQ(first_.methods().xShmUnmap(first_.get(), 1), SQLITE_OK);
  EXPECT_EQ(MemoryUseOf("index")->log_bytes, 0u);
}

}  // namespace
}  // namespace appcache::vfs::wal_index_test
