// Several SqliteCaches of one database in a process.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::sharing_test {
namespace {

using std::string_view_literals::operator""sv;

SqliteCacheOptions Limits(uint64_t max_entries,
                          std::optional<uint64_t> max_bytes = std::nullopt) {
  SqliteCacheOptions options;
  options.max_entries = max_entries;
  options.max_bytes = max_bytes;
  return options;
}

TEST(SharingTest, OneNameInMemoryIsOneCache) {
  const auto first = Must(SqliteCache::OpenInMemory(Limits(3), "shared"));
  const auto second = Must(SqliteCache::OpenInMemory(Limits(3), "shared"));
  Set(*first, "a");
  EXPECT_EQ(Get(*second, "a"), "value");
  ASSERT_TRUE(second->backend()->InvalidateRaw("a").ok());
  EXPECT_EQ(Get(*first, "a"), "<miss>");
}

TEST(SharingTest, TheDefaultNameIsShared) {
  const auto first = Must(SqliteCache::OpenInMemory());
  const auto second = Must(SqliteCache::OpenInMemory());
  Set(*first, "a");
  EXPECT_EQ(Get(*second, "a"), "value");
}

TEST(SharingTest, OtherNamesAreOtherCaches) {
  const auto first = Must(SqliteCache::OpenInMemory(Limits(3), "one"));
  Set(*first, "a");
  for (const std::string_view name :
       {""sv, "two"sv, "One"sv, "one\0x"sv, "one?x"sv, "one/"sv, "%6fne"sv}) {
    SCOPED_TRACE(name);
    const auto second = Must(SqliteCache::OpenInMemory(Limits(3), name));
    EXPECT_EQ(Get(*second, "a"), "<miss>");
    Set(*second, "a", "another");
    EXPECT_EQ(Get(*first, "a"), "value");
  }
}

TEST(SharingTest, UsesByOneCountForBoth) {
  const auto first = Must(SqliteCache::OpenInMemory(Limits(2), "uses"));
  const auto second = Must(SqliteCache::OpenInMemory(Limits(2), "uses"));
  Set(*first, "a");
  Set(*first, "b");
  Get(*second, "a");
  Set(*first, "c");
  EXPECT_EQ(PathsIn(*first), (StringSet{"a", "c"}));
}

TEST(SharingTest, CountersAreThoseOfTheDatabase) {
  const auto first = Must(SqliteCache::OpenInMemory(Limits(2), "counters"));
  const auto second = Must(SqliteCache::OpenInMemory(Limits(2), "counters"));
  Set(*first, "a");
  Get(*second, "a");
  Get(*second, "b");
  for (const SqliteCache* const cache : {first.get(), second.get()}) {
    const CacheStats stats = cache->Stats();
    EXPECT_EQ(stats.sets, 1u);
    EXPECT_EQ(stats.hits, 1u);
    EXPECT_EQ(stats.misses, 1u);
    EXPECT_EQ(stats.entries, 1u);
  }
}

TEST(SharingTest, TheDatabaseInMemoryIsGoneWithTheLastOfThem) {
  auto first = Must(SqliteCache::OpenInMemory(Limits(2), "last"));
  {
    const auto second = Must(SqliteCache::OpenInMemory(Limits(2), "last"));
    Set(*second, "a");
  }
  EXPECT_EQ(Get(*first, "a"), "value");
  first.reset();
  const auto third = Must(SqliteCache::OpenInMemory(Limits(2), "last"));
  EXPECT_EQ(Get(*third, "a"), "<miss>");
}

TEST(SharingTest, ClosingOneLeavesTheOther) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const auto first = Must(SqliteCache::OpenFile(file, Limits(2)));
  const auto second = Must(SqliteCache::OpenFile(file, Limits(2)));
  ASSERT_TRUE(first->Close().ok());
  Set(*second, "a");
  EXPECT_EQ(Get(*second, "a"), "value");
  EXPECT_NE(Get(*first, "a"), "value");
}

TEST(SharingTest, PrefixesOfTheirOwnAreAllowed) {
  SqliteCacheOptions one = Limits(3);
  one.cache.prefix = "one";
  SqliteCacheOptions two = Limits(3);
  two.cache.prefix = "two";
  const auto first = Must(SqliteCache::OpenInMemory(one, "prefixes"));
  const auto second = Must(SqliteCache::OpenInMemory(two, "prefixes"));
  ASSERT_TRUE(first->SetByStr("key", std::string("first")).ok());
  ASSERT_TRUE(second->SetByStr("key", std::string("second")).ok());
  EXPECT_EQ(*first->GetByStr<std::string>("key"), "first");
  EXPECT_EQ(PathsIn(*first), (StringSet{"one/key", "two/key"}));
}

// The error names both.
void ExpectDisagreement(const SqliteCache::Opened& opened,
                        const std::string& open, const std::string& asked) {
  ASSERT_FALSE(opened.ok());
  const Error& error = opened.status().error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message.find(open), std::string::npos) << error.message;
  EXPECT_NE(error.message.find(asked), std::string::npos) << error.message;
}

TEST(SharingTest, OtherLimitsInMemoryAreAnErrorThatNamesBoth) {
  const auto cache = Must(SqliteCache::OpenInMemory(Limits(3), "limits"));
  ExpectDisagreement(SqliteCache::OpenInMemory(Limits(5), "limits"),
                     "max_entries 3, no max_bytes",
                     "max_entries 5, no max_bytes");
  ExpectDisagreement(SqliteCache::OpenInMemory(Limits(3, 77), "limits"),
                     "max_entries 3, no max_bytes",
                     "max_entries 3, max_bytes 77");
  Set(*cache, "a");
  EXPECT_EQ(Get(*cache, "a"), "value");
}

TEST(SharingTest, OtherLimitsOnAFileAreAnErrorThatNamesBoth) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  auto cache = Must(SqliteCache::OpenFile(file, Limits(3, 77)));
  ExpectDisagreement(SqliteCache::OpenFile(file, Limits(3)),
                     "max_entries 3, max_bytes 77",
                     "max_entries 3, no max_bytes");
  // Once nobody has it open, they may be changed.
  cache.reset();
  EXPECT_TRUE(SqliteCache::OpenFile(file, Limits(3)).ok());
}

}  // namespace
}  // namespace appcache::sharing_test
