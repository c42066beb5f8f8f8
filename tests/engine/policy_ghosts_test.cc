// Ghosts: what it remembers of evicted keys, and for how long.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/policy/ghosts.h"
#include "tests/support/random.h"

namespace appcache::policy::policy_ghosts_test {
namespace {

constexpr int64_t kNow = 1'000'000;

class GhostsTest : public testing::Test {
 protected:
  int64_t NewHash() { return static_cast<int64_t>(random_.Bits()); }

  RandomSource random_;
};

TEST_F(GhostsTest, AnEvictedKeyIsFoundWithItsLastUse) {
  Ghosts ghosts(1000);
  ghosts.FitTo(1000);
  const int64_t h = NewHash();
  EXPECT_EQ(ghosts.Find(h, kNow), std::nullopt);
  ghosts.Add(h, 7, 0);
  EXPECT_EQ(ghosts.Find(h, kNow), 7);
  ghosts.Add(h, 8, 0);
  EXPECT_EQ(ghosts.Find(h, kNow), 8);
  ghosts.Remove(h);
  EXPECT_EQ(ghosts.Find(h, kNow), std::nullopt);
}

TEST_F(GhostsTest, AnExpiredKeyIsNotFound) {
  Ghosts ghosts(1000);
  ghosts.FitTo(1000);
  const int64_t h = NewHash();
  ghosts.Add(h, 7, kNow);
  EXPECT_EQ(ghosts.Find(h, kNow - 1000), 7);
  EXPECT_EQ(ghosts.Find(h, kNow + 64), std::nullopt);
  ghosts.Add(h, 9, INT64_MAX);
  EXPECT_EQ(ghosts.Find(h, kNow), 9);
}

TEST_F(GhostsTest, ClearForgetsAll) {
  Ghosts ghosts(1000);
  ghosts.FitTo(1000);
  std::vector<int64_t> keys;
  for (int i = 0; i < 100; ++i) ghosts.Add(keys.emplace_back(NewHash()), i, 0);
  ghosts.Clear();
  for (const int64_t h : keys) EXPECT_EQ(ghosts.Find(h, kNow), std::nullopt);
}

// Of those of three times the cache, few are lost to sets that are full. With
// 10 entries, 30 keys are in 16 sets of 8, at random: 2 or more are lost with a
// probability of 1.4e-4, more than a tenth of them with one of 1.7e-6 (mostly
// one set with 12 or more, of a binomial distribution of 30 and 1/16).
TEST_F(GhostsTest, KeysOfThreeTimesTheCacheAreRemembered) {
  for (const uint64_t entries : {10U, 1000U, 4096U}) {
    Ghosts ghosts(entries);
    ghosts.FitTo(entries);
    std::vector<int64_t> keys;
    for (uint64_t i = 0; i < 20 * entries; ++i) {
      ghosts.Add(keys.emplace_back(NewHash()), static_cast<int64_t>(i + 1), 0);
    }
    size_t found = 0;
    for (size_t i = keys.size() - 3 * entries; i < keys.size(); ++i) {
      ASSERT_TRUE(ghosts.Remembers(keys[i]));
      found += ghosts.Find(keys[i], kNow) == static_cast<int64_t>(i + 1);
    }
    EXPECT_GE(found, 3 * entries * 90 / 100) << entries;
  }
}

// A large cache has as many ghosts, of a share of its keys.
TEST_F(GhostsTest, ALargeCacheRemembersAShareOfItsKeys) {
  constexpr uint64_t kEntries = 1'000'000;
  Ghosts ghosts(kEntries);
  ghosts.FitTo(kEntries);
  uint64_t remembered = 0;
  for (int i = 0; i < 256'000; ++i) remembered += ghosts.Remembers(NewHash());
  // 8 * 1,000,000 / 32,768, rounded up to a power of two: 1 of 256.
  EXPECT_GT(remembered, 800U);
  EXPECT_LT(remembered, 1200U);
}

// As many as it has, whatever it could have.
TEST_F(GhostsTest, ACacheWithFewEntriesRemembersAllKeys) {
  Ghosts ghosts(UINT64_MAX);
  ghosts.FitTo(1'000'000);
  ghosts.FitTo(999'999);
  EXPECT_FALSE(ghosts.Remembers(-1));
  ghosts.FitTo(100);
  EXPECT_TRUE(ghosts.Remembers(-1));
  ghosts.FitTo(8192);
  EXPECT_FALSE(ghosts.Remembers(-1));
  ghosts.FitTo(8191);
  EXPECT_FALSE(ghosts.Remembers(-1));
}

TEST_F(GhostsTest, NothingIsRememberedBeforeTheNumberOfEntriesIsKnown) {
  Ghosts ghosts(1000);
  const int64_t h = NewHash();
  ghosts.Add(h, 7, 0);
  ghosts.Remove(h);
  ghosts.Clear();
  EXPECT_EQ(ghosts.Find(h, kNow), std::nullopt);
}

TEST_F(GhostsTest, AnUnlimitedCacheIsPossible) {
  Ghosts ghosts(UINT64_MAX);
  ghosts.Add(NewHash(), 1, 0);
}

}  // namespace
}  // namespace appcache::policy::policy_ghosts_test
