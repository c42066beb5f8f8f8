// When a database shrinks, and in which steps (engine/policy/shrink.h).

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "engine/policy/shrink.h"

namespace appcache::policy::shrink_policy_test {
namespace {

using std::chrono::microseconds;

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;

TEST(ShrinkPolicyTest, AFullCacheThatReplacesEntriesNeverShrinks) {
  EXPECT_FALSE(ShouldShrink(100 * kMiB, 100 * kMiB));
  EXPECT_FALSE(ShouldShrink(100 * kMiB, 99 * kMiB));
  EXPECT_FALSE(ShouldShrink(100 * kMiB, 76 * kMiB));
}

TEST(ShrinkPolicyTest, ShrinksOnceMoreThanAQuarterIsGone) {
  EXPECT_FALSE(ShouldShrink(100 * kMiB, 75 * kMiB));
  EXPECT_TRUE(ShouldShrink(100 * kMiB, 75 * kMiB - 1));
  EXPECT_TRUE(ShouldShrink(100 * kMiB, 0));
}

TEST(ShrinkPolicyTest, ASmallCacheIsNotWorthIt) {
  EXPECT_FALSE(ShouldShrink(0, 0));
  EXPECT_FALSE(ShouldShrink(100 * kKiB, 0));
  EXPECT_FALSE(ShouldShrink(256 * kKiB, 0));
  EXPECT_TRUE(ShouldShrink(256 * kKiB + 1, 0));
  EXPECT_FALSE(ShouldShrink(512 * kKiB, 256 * kKiB));
  EXPECT_TRUE(ShouldShrink(512 * kKiB, 256 * kKiB - 1));
}

TEST(ShrinkPolicyTest, SomeFreePagesAreKept) {
  EXPECT_FALSE(HasManyFreePages(40, 0));
  EXPECT_FALSE(HasManyFreePages(40, 32));
  EXPECT_TRUE(HasManyFreePages(40, 33));
  EXPECT_FALSE(HasManyFreePages(8000, 1000));
  EXPECT_TRUE(HasManyFreePages(8000, 1001));
}

TEST(ShrinkPolicyTest, ASlowStepIsFollowedByAShorterOne) {
  EXPECT_EQ(NextShrinkPages(64, kShrinkStep + microseconds(1)), 32);
  EXPECT_EQ(NextShrinkPages(2, 10 * kShrinkStep), 1);
  EXPECT_EQ(NextShrinkPages(1, 10 * kShrinkStep), 1);
}

TEST(ShrinkPolicyTest, AFastStepIsFollowedByALongerOne) {
  EXPECT_EQ(NextShrinkPages(8, kShrinkStep / 2 - microseconds(1)), 16);
  EXPECT_EQ(NextShrinkPages(128, microseconds(0)), 256);
  EXPECT_EQ(NextShrinkPages(256, microseconds(0)), 256);
  // The clock was set back.
  EXPECT_EQ(NextShrinkPages(8, microseconds(-1'000'000)), 16);
}

TEST(ShrinkPolicyTest, AStepOfTheRightLengthIsRepeated) {
  EXPECT_EQ(NextShrinkPages(64, kShrinkStep / 2), 64);
  EXPECT_EQ(NextShrinkPages(64, kShrinkStep), 64);
}

}  // namespace
}  // namespace appcache::policy::shrink_policy_test
