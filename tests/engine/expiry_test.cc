// Ttls: when an entry is seen to end, and how it leaves.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::expiry_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() {
    options_.clock = clock_;
    options_.max_entries = 3;
    // Not while a test looks at what is still there.
    options_.expiry_sweep_interval = std::chrono::hours(1);
    options_.touch_flush_interval = std::chrono::hours(1);
  }

  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenFile(scratch_.Path("cache.db"), options_));
  }

  const Scratch scratch_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
};

TEST_F(ExpiryTest, AnEntryEndsWithItsTtlNotBefore) {
  const auto cache = Open();
  Set(*cache, "a", "value", milliseconds(10));
  clock_->Advance(milliseconds(10) - microseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(PathsIn(*cache), StringSet{"a"});
  EXPECT_TRUE(cache->backend()->TtlRaw("a"));
  clock_->Advance(microseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_EQ(PathsIn(*cache), StringSet());
  EXPECT_FALSE(cache->backend()->TtlRaw("a"));
}

// Set between two milliseconds, it ends with the next one: never early, and
// less than a millisecond late.
TEST_F(ExpiryTest, IsKeptToTheMillisecondAndNeverEarly) {
  const auto cache = Open();
  clock_->Advance(microseconds(300));
  Set(*cache, "a", "value", milliseconds(1));
  clock_->Advance(milliseconds(1) + microseconds(699));
  EXPECT_EQ(Get(*cache, "a"), "value");
  clock_->Advance(microseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
}

TEST_F(ExpiryTest, WhatIsLeftIsRoundedUp) {
  const auto cache = Open();
  Set(*cache, "a", "value", milliseconds(10));
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), milliseconds(10));
  clock_->Advance(microseconds(1));
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), milliseconds(10));
  clock_->Advance(microseconds(8999));
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), milliseconds(1));
  EXPECT_EQ(cache->backend()->GetTimedRaw("a")->remaining_ttl, milliseconds(1));
  Set(*cache, "b");
  EXPECT_EQ(*cache->backend()->TtlRaw("b"), kNoTtl);
  EXPECT_EQ(cache->backend()->GetTimedRaw("b")->remaining_ttl, kNoTtl);
}

TEST_F(ExpiryTest, ASetReplacesTheTtlToo) {
  const auto cache = Open();
  Set(*cache, "a", "value", milliseconds(10));
  Set(*cache, "a", "value");
  clock_->Advance(milliseconds(20));
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), kNoTtl);
}

TEST_F(ExpiryTest, TheLongestTtlWorks) {
  const auto cache = Open();
  Set(*cache, "a", "value", kMaxTtl);
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), kMaxTtl);
  clock_->Advance(kMaxTtl - milliseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "value");
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
}

TEST_F(ExpiryTest, OutlivesARestart) {
  {
    const auto cache = Open();
    Set(*cache, "a", "value", milliseconds(10));
    Set(*cache, "b", "value", milliseconds(20));
  }
  clock_->Advance(milliseconds(10));
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_EQ(*cache->backend()->TtlRaw("b"), milliseconds(10));
}

TEST_F(ExpiryTest, EndedEntriesAreEvictedBeforeLivingOnes) {
  const auto cache = Open();
  Set(*cache, "a");
  Set(*cache, "b");
  Set(*cache, "c", "value", milliseconds(10));
  clock_->Advance(milliseconds(10));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "d"}));
  EXPECT_EQ(cache->Stats().expirations, 1u);
  EXPECT_EQ(cache->Stats().evictions, 0u);
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "d", "e"}));
  EXPECT_EQ(cache->Stats().evictions, 1u);
}

TEST_F(ExpiryTest, AMissOfAnEndedEntryIsNoUse) {
  const auto cache = Open();
  Set(*cache, "a", "value", milliseconds(10));
  clock_->Advance(milliseconds(10));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  const CacheStats stats = cache->Stats();
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.hits, 0u);
  EXPECT_EQ(stats.entries, 1u);  // until it is removed
}

class SweepTest : public ExpiryTest {
 protected:
  SweepTest() {
    options_.max_entries = 10'000;
    options_.expiry_sweep_interval = std::chrono::seconds(1);
  }
};

TEST_F(SweepTest, EndedEntriesLeaveByThemselvesAndAreCounted) {
  const auto cache = Open();
  for (int i = 0; i < 1000; ++i) {
    Set(*cache, "a" + std::to_string(i), "value", milliseconds(1 + i % 900));
  }
  Set(*cache, "b", "value", std::chrono::hours(1));
  Set(*cache, "c");
  clock_->Advance(std::chrono::seconds(2));
  // Counted when they are gone: a moment later.
  ASSERT_TRUE(Await([&] { return cache->Stats().expirations == 1000u; }));
  EXPECT_EQ(cache->Stats().evictions, 0u);
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(SweepTest, GoesOnAsLongAsThereIsSomethingToEnd) {
  const auto cache = Open();
  for (int i = 1; i <= 20; ++i) {
    Set(*cache, std::to_string(i), "value", std::chrono::seconds(i));
  }
  for (uint64_t left = 20; left-- > 0;) {
    clock_->Advance(std::chrono::seconds(1));
    ASSERT_TRUE(Await([&] { return cache->Stats().entries == left; }))
        << cache->Stats().entries.value_or(0);
  }
}

TEST_F(SweepTest, EndedEntriesOfAnEarlierRunLeaveToo) {
  {
    const auto cache = Open();
    Set(*cache, "a", "value", milliseconds(10));
    Set(*cache, "b");
  }
  clock_->Advance(std::chrono::hours(1));
  const auto cache = Open();
  clock_->Advance(std::chrono::seconds(1));
  ASSERT_TRUE(Await([&] { return cache->Stats().entries == 1u; }));
  EXPECT_EQ(PathsIn(*cache), StringSet{"b"});
}

TEST_F(SweepTest, AnEarlierEndThatIsSetLaterIsNotMissed) {
  const auto cache = Open();
  Set(*cache, "late", "value", std::chrono::hours(24));
  Set(*cache, "soon", "value", std::chrono::seconds(2));
  clock_->Advance(std::chrono::seconds(3));
  ASSERT_TRUE(Await([&] { return cache->Stats().entries == 1u; }));
  EXPECT_EQ(PathsIn(*cache), StringSet{"late"});
}

}  // namespace
}  // namespace appcache::expiry_test
