// E2 and E10: the limits hold after every call, and what was just set is there.

#include <gtest/gtest.h>

#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/random.h"

namespace appcache::limits_kept_test {
namespace {

SqliteCacheOptions Limits(uint64_t max_entries,
                          std::optional<uint64_t> max_bytes = std::nullopt) {
  SqliteCacheOptions options;
  options.max_entries = max_entries;
  options.max_bytes = max_bytes;
  return options;
}

TEST(LimitsKeptTest, WithRoomForOneTheLastSetIsThere) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(1), "one"));
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i);
    Set(*cache, text, text);
    ASSERT_EQ(Get(*cache, text), text);
    ASSERT_EQ(cache->Stats().entries, 1u);
  }
  EXPECT_EQ(cache->Stats().evictions, 999u);
}

// A newcomer that is used once enters a cache full of entries in constant use.
TEST(LimitsKeptTest, WhatWasJustSetIsThereHoweverHotTheOthersAre) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(10), "hot"));
  for (int i = 0; i < 300; ++i) {
    for (int hot = 0; hot < 9; ++hot) {
      const std::string path = "hot" + std::to_string(hot);
      if (!cache->backend()->GetRaw(path)) Set(*cache, path);
    }
    const std::string path = "new" + std::to_string(i);
    Set(*cache, path);
    ASSERT_EQ(Get(*cache, path), "value");
    ASSERT_EQ(cache->Stats().entries, 10u);
  }
}

TEST(LimitsKeptTest, AnEntryAsLargeAsTheCacheIsThereAlone) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(10, 100), "large"));
  Set(*cache, "a");
  Set(*cache, "b");
  const std::string value(99, 'x');
  Set(*cache, "c", value);
  EXPECT_EQ(PathsIn(*cache), StringSet{"c"});
  EXPECT_EQ(Get(*cache, "c"), value);
  EXPECT_EQ(cache->Stats().bytes, 100u);
}

TEST(LimitsKeptTest, BytesAreThoseOfKeysAndValues) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(10), "bytes"));
  Set(*cache, "1234", "123456");
  Set(*cache, "", "");
  EXPECT_EQ(cache->Stats().bytes, 10u);
  Set(*cache, "1234", "12");
  EXPECT_EQ(cache->Stats().bytes, 6u);
  ASSERT_TRUE(cache->backend()->InvalidateRaw("1234").ok());
  EXPECT_EQ(cache->Stats().bytes, 0u);
  EXPECT_EQ(cache->Stats().entries, 1u);
}

TEST(LimitsKeptTest, BytesOverTheLimitEvictAsManyAsItTakes) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(100, 100), "many"));
  for (int i = 0; i < 10; ++i) Set(*cache, std::to_string(i), "123456789");
  EXPECT_EQ(cache->Stats().bytes, 100u);
  Get(*cache, "0");
  Set(*cache, "x", std::string(34, 'x'));
  EXPECT_EQ(PathsIn(*cache), (StringSet{"0", "5", "6", "7", "8", "9", "x"}));
  EXPECT_EQ(cache->Stats().evictions, 4u);
  EXPECT_EQ(cache->Stats().bytes, 95u);
}

TEST(LimitsKeptTest, AValueThatGrowsEvictsOthersNotItself) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(100, 30), "grows"));
  for (const char* const path : {"a", "b", "c"}) Set(*cache, path, "123456789");
  Set(*cache, "a", std::string(15, 'x'));
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c"}));
}

TEST(LimitsKeptTest, ABatchLargerThanTheCacheKeepsItsLast) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(3), "batch"));
  std::vector<RawEntry> entries;
  for (const char* const path : {"a", "b", "c", "d", "e"}) {
    entries.push_back({path, "value"});
  }
  ASSERT_TRUE(cache->backend()->SetManyRaw(entries).ok());
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d", "e"}));
}

TEST(LimitsKeptTest, AFileThatIsOpenedWithLowerLimitsIsBroughtUnderThem) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  {
    const auto cache = Must(SqliteCache::OpenFile(file, Limits(100)));
    for (int i = 0; i < 100; ++i) Set(*cache, std::to_string(i));
    Get(*cache, "0");
  }
  {
    const auto cache = Must(SqliteCache::OpenFile(file, Limits(3)));
    EXPECT_EQ(cache->Stats().entries, 3u);
    EXPECT_EQ(PathsIn(*cache), (StringSet{"0", "98", "99"}));
  }
  const auto cache = Must(SqliteCache::OpenFile(file, Limits(100, 10)));
  EXPECT_EQ(PathsIn(*cache), StringSet{"0"});
  EXPECT_EQ(cache->Stats().bytes, 6u);
}

// Neither is ever exceeded, and no more leaves than has to.
TEST(LimitsKeptTest, BothHoldAtOnceAfterEveryCall) {
  RandomSource random;
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(20, 1000), "both"));
  for (int i = 0; i < 3000; ++i) {
    const std::string path = std::to_string(random.Below(50));
    const std::string value = random.String(random.Below(150));
    const uint64_t evictions = *cache->Stats().evictions;
    Set(*cache, path, value);
    const CacheStats stats = cache->Stats();
    ASSERT_LE(*stats.entries, 20u);
    ASSERT_LE(*stats.bytes, 1000u);
    // Any victim, put back, would have been too much.
    if (*stats.evictions > evictions) {
      ASSERT_TRUE(*stats.entries == 20 || *stats.bytes > 1000 - 152);
    }
    ASSERT_TRUE(cache->backend()->GetRaw(path));
  }
}

}  // namespace
}  // namespace appcache::limits_kept_test
