// Directory: which entry of a shard expires first, whatever became of its
// earlier expiry times.

#include <gtest/gtest.h>

#include <cstdint>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"

namespace appcache::residency::directory_expiry_test {
namespace {

constexpr int64_t kNever = Directory::kNever;
constexpr int64_t kFar = 1'000'000;

class DirectoryExpiryTest : public testing::Test {
 protected:
  // Entries of shard 0.
  void Set(int64_t h, int64_t expires_at_ms) {
    driver_.Set(h, "value", expires_at_ms);
  }
  int64_t FirstExpired(int64_t now_ms) {
    return driver_.FirstExpired(0, now_ms);
  }

  DirectoryDriver driver_;
  Directory& directory_ = driver_.directory();
};

TEST_F(DirectoryExpiryTest, WithoutATtlNothingExpires) {
  Set(1, 0);
  EXPECT_EQ(directory_.FirstExpiry(), kNever);
  EXPECT_EQ(FirstExpired(kFar), -1);
}

TEST_F(DirectoryExpiryTest, EntriesExpireInOrder) {
  Set(1, 300);
  Set(2, 100);
  Set(3, 200);
  EXPECT_EQ(directory_.FirstExpiry(), 100);
  for (const int64_t h : {2, 3, 1}) {
    EXPECT_EQ(FirstExpired(300), h);
    EXPECT_EQ(FirstExpired(300), h) << "until it is removed";
    driver_.Remove(h);
  }
  EXPECT_EQ(FirstExpired(300), -1);
  EXPECT_EQ(directory_.FirstExpiry(), kNever);
}

TEST_F(DirectoryExpiryTest, AnEntryExpiresAtItsTimeAndNotBefore) {
  Set(1, 100);
  EXPECT_EQ(FirstExpired(99), -1);
  EXPECT_EQ(FirstExpired(100), 1);
}

TEST_F(DirectoryExpiryTest, ALaterTtlCounts) {
  Set(1, 100);
  Set(1, 200);
  EXPECT_EQ(FirstExpired(199), -1);
  EXPECT_EQ(directory_.FirstExpiry(), 200) << "corrected";
  EXPECT_EQ(FirstExpired(200), 1);
}

TEST_F(DirectoryExpiryTest, AnEarlierTtlCounts) {
  Set(1, 200);
  Set(1, 100);
  EXPECT_EQ(directory_.FirstExpiry(), 100);
  EXPECT_EQ(FirstExpired(100), 1);
  driver_.Remove(1);
  EXPECT_EQ(FirstExpired(200), -1) << "its earlier time is forgotten";
}

TEST_F(DirectoryExpiryTest, ASetWithoutATtlEndsTheOldOne) {
  Set(1, 100);
  Set(1, 0);
  EXPECT_EQ(FirstExpired(kFar), -1);
  EXPECT_EQ(directory_.FirstExpiry(), kNever);
}

TEST_F(DirectoryExpiryTest, ARemovedEntryDoesNotExpire) {
  driver_.SetClean(1, "value", 100);
  Set(2, 100);
  driver_.Remove(1);
  driver_.Remove(2);
  EXPECT_EQ(driver_.State(1), "dirty row absent");
  EXPECT_EQ(FirstExpired(kFar), -1);
}

TEST_F(DirectoryExpiryTest, AnEntryExpiresWhileItsValueIsAway) {
  driver_.SetClean(1, "value", 100);
  driver_.ExchangeAway(1);
  EXPECT_EQ(FirstExpired(100), 1);
  driver_.ExchangeBack(1, "value");
  EXPECT_EQ(FirstExpired(100), 1);
}

TEST_F(DirectoryExpiryTest, AClearEndsAllTtls) {
  Set(1, 100);
  driver_.Clear();
  EXPECT_EQ(directory_.FirstExpiry(), kNever);
  Set(1, 200);
  EXPECT_EQ(directory_.FirstExpiry(), 200);
  EXPECT_EQ(FirstExpired(199), -1);
}

TEST_F(DirectoryExpiryTest, TheFirstExpiryIsThatOfAnyShard) {
  driver_.Set(DirectoryDriver::H(1, 3), "value", 300);
  driver_.Set(DirectoryDriver::H(1, 9), "value", 100);
  driver_.Set(DirectoryDriver::H(1, 0), "value", 200);
  EXPECT_EQ(directory_.FirstExpiry(), 100);
  EXPECT_EQ(directory_.ShardOfFirstExpiry(), 9u);
  EXPECT_EQ(directory_.FirstExpiryOf(3), 300);
  EXPECT_EQ(directory_.FirstExpiryOf(1), kNever);
}

}  // namespace
}  // namespace appcache::residency::directory_expiry_test
