// Expiry.

#include <gtest/gtest.h>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, AnEntryExpiresExactlyAfterItsTtl) {
  ASSERT_TRUE(backend().SetRaw("p/a", "value", Units(1500)).ok());
  PassTime(1499);
  EXPECT_EQ(StoredAt("p/a"), "value");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, TheTtlStartsAtTheLastSet) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", Units(1000)).ok());
  PassTime(900);
  ASSERT_TRUE(backend().SetRaw("p/a", "2", Units(1000)).ok());
  PassTime(900);
  EXPECT_EQ(StoredAt("p/a"), "2");
  PassTime(100);
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, ASetWithoutATtlRemovesTheOldTtl) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", Units(1)).ok());
  ASSERT_TRUE(backend().SetRaw("p/a", "2", kNoTtl).ok());
  PassTime(1'000'000);
  EXPECT_EQ(StoredAt("p/a"), "2");
}

TEST_P(ConformanceTest, TheShortestAndTheLongestTtlWork) {
  ASSERT_TRUE(backend().SetRaw("p/short", "s", Units(1)).ok());
  ASSERT_TRUE(backend().SetRaw("p/long", "l", kMaxTtl).ok());
  EXPECT_EQ(StoredAt("p/short"), "s");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/short"), "<miss>");
  EXPECT_EQ(StoredAt("p/long"), "l");
}

TEST_P(ConformanceTest, AnExpiredEntryCanBeSetAgain) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", Units(1)).ok());
  PassTime(5);
  ASSERT_TRUE(backend().SetRaw("p/a", "2", Units(1)).ok());
  EXPECT_EQ(StoredAt("p/a"), "2");
}

TEST_P(ConformanceTest, TtlQueriesReturnTheRemainingTtl) {
  const Ttl ttl = Units(10);
  ASSERT_TRUE(backend().SetRaw("pyappcache/a", "v", ttl).ok());
  ASSERT_TRUE(backend().SetRaw("pyappcache/b", "v", kNoTtl).ok());
  if (!cache_->Traits().supports_ttl_query) {
    EXPECT_TRUE(cache_->TtlByStr("a").status().Is(ErrorCode::kUnsupported));
    return;
  }
  PassTime(4);
  const Lookup<Ttl> remaining = cache_->TtlByStr("a");
  ASSERT_TRUE(remaining.is_hit()) << remaining.status().ToString();
  const Ttl passed = ttl - *remaining;
  EXPECT_LE(Units(4), passed);
  EXPECT_LE(passed, Units(5));
  EXPECT_EQ(cache_->TtlOf(Key<Bytes>("b")).value_or(Ttl(-1)), kNoTtl);
  EXPECT_FALSE(cache_->TtlByStr("none"));
  PassTime(6);
  EXPECT_FALSE(cache_->TtlByStr("a"));
}

TEST_P(ConformanceTest, ANegativeOrTooLongTtlIsInvalid) {
  const Key<int> key("a");
  EXPECT_TRUE(cache_->Set(key, 1, Ttl(-1)).Is(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(
      cache_->Set(key, 1, kMaxTtl + Ttl(1)).Is(ErrorCode::kInvalidArgument));
  EXPECT_FALSE(cache_->Get(key));
}

}  // namespace
}  // namespace appcache
