// ReuseAges: hit ratios of workloads whose curve is known.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/policy/reuse_ages.h"

namespace appcache::policy::policy_reuse_ages_test {
namespace {

using Kind = ReuseAges::Kind;

TEST(ReuseAgesTest, WithoutRequestsNothingIsHit) {
  EXPECT_EQ(ReuseAges().HitRatio(10), 0);
}

// N keys in turn: every age is N, and an LRU of fewer than N entries hits
// nothing.
TEST(ReuseAgesTest, ALoopIsHitOnlyByACacheThatHoldsIt) {
  ReuseAges ages;
  for (int i = 0; i < 1000; ++i) ages.Add(Kind::kHit, 1000, 1);
  EXPECT_EQ(ages.HitRatio(500), 0);
  EXPECT_EQ(ages.HitRatio(950), 0);
  EXPECT_EQ(ages.HitRatio(1050), 1);
}

// Uniform requests of N keys: an age is at least t with (1 - 1/N)^(t - 1), and
// an LRU of n entries hits n/N.
TEST(ReuseAgesTest, UniformRequestsAreHitInProportion) {
  constexpr double kKeys = 1000;
  ReuseAges ages;
  double above = 1;
  for (int age = 1; age < 40'000; ++age) {
    const double here = above / kKeys;
    if (age < 2000) {
      ages.Add(Kind::kHit, age, here);
    } else {
      ages.Add(Kind::kMiss, age, here);
    }
    above -= here;
  }
  for (const double entries : {10.0, 100.0, 300.0, 500.0, 900.0}) {
    EXPECT_NEAR(ages.HitRatio(entries), entries / kKeys, 0.005) << entries;
  }
}

TEST(ReuseAgesTest, AFirstRequestIsHitByNoCache) {
  ReuseAges ages;
  ages.Add(Kind::kHit, 5, 30);
  ages.AddFirst(Kind::kMiss, 70);
  EXPECT_DOUBLE_EQ(ages.HitRatio(1e6), 0.3);
}

// The misses of which nothing is known are like those that are.
TEST(ReuseAgesTest, UnknownMissesHaveTheAgesOfTheOthers) {
  ReuseAges ages;
  ages.Add(Kind::kHit, 5, 40);
  ages.Add(Kind::kMiss, 1000, 5, 3);
  ages.AddFirst(Kind::kMiss, 15, 3);
  ages.AddUnknown(Kind::kMiss, 40);
  EXPECT_DOUBLE_EQ(ages.requests(), 100);
  EXPECT_DOUBLE_EQ(ages.HitRatio(1e6), 0.4 + 0.6 * 5 / 20);
}

// At first all keys were remembered, and later one of ten.
TEST(ReuseAgesTest, TheShareOfKnownKeysMayChange) {
  ReuseAges ages;
  ages.AddFirst(Kind::kMiss, 100);
  ages.Add(Kind::kMiss, 1000, 10, 10);
  ages.AddUnknown(Kind::kMiss, 90);
  EXPECT_DOUBLE_EQ(ages.HitRatio(1e6), 0.5);
}

TEST(ReuseAgesTest, UnknownHitsHaveTheAgesOfTheOldOnes) {
  ReuseAges ages;
  ages.Add(Kind::kHit, 1, 50);
  ages.Add(Kind::kOldHit, 1000, 4, 4);
  ages.AddFirst(Kind::kOldHit, 1, 4);
  ages.AddUnknown(Kind::kOldHit, 15);
  ages.AddFirst(Kind::kMiss, 30);
  EXPECT_DOUBLE_EQ(ages.hits(), 70);
  EXPECT_DOUBLE_EQ(ages.HitRatio(100), 0.5);
  EXPECT_DOUBLE_EQ(ages.HitRatio(1e6), 0.5 + 0.2 * 4 / 5);
}

TEST(ReuseAgesTest, NothingFollowsFromAKindThatIsAllUnknown) {
  ReuseAges ages;
  ages.Add(Kind::kHit, 1, 50);
  EXPECT_TRUE(ages.has_ages());
  ages.AddUnknown(Kind::kMiss, 1);
  EXPECT_FALSE(ages.has_ages());
  ages.AddFirst(Kind::kMiss, 1);
  EXPECT_TRUE(ages.has_ages());
}

TEST(ReuseAgesTest, ScalingAllWeightsChangesNoRatio) {
  ReuseAges ages;
  for (int age = 1; age < 500; ++age) ages.Add(Kind::kHit, age, 1);
  ages.Add(Kind::kMiss, 5000, 100);
  ages.AddUnknown(Kind::kMiss, 10);
  const double before = ages.HitRatio(100);
  ages.Scale(0.5);
  EXPECT_DOUBLE_EQ(ages.HitRatio(100), before);
  EXPECT_DOUBLE_EQ(ages.requests(), 609 * 0.5);
}

TEST(ReuseAgesTest, ALargerCacheNeverHitsLess) {
  ReuseAges ages;
  for (double age = 0; age < 1e15; age = age * 1.7 + 1)
    ages.Add(Kind::kHit, age, 3);
  ages.AddFirst(Kind::kMiss, 20);
  double last = 0;
  for (double entries = 1; entries < 1e15; entries *= 1.3) {
    const double ratio = ages.HitRatio(entries);
    EXPECT_GE(ratio, last);
    last = ratio;
  }
  EXPECT_GT(last, 0.8);
}

}  // namespace
}  // namespace appcache::policy::policy_reuse_ages_test
