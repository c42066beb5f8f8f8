// Typed access by key and by string, under the prefix.

#include <gtest/gtest.h>

#include <string>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, AKeyIsStoredUnderTheDefaultPrefix) {
  ASSERT_TRUE(cache_->Set(Key<std::string>("user", 7), "Ada").ok());
  EXPECT_EQ(StoredAt("pyappcache/user/7"), "Ada");
  EXPECT_EQ(cache_->Get(Key<std::string>("user", 7)).value_or("<miss>"), "Ada");
}

TEST_P(ConformanceTest, AStringNamesTheSameEntryAsItsKey) {
  ASSERT_TRUE(cache_->SetByStr<std::string>("greeting", "hello").ok());
  EXPECT_EQ(StoredAt("pyappcache/greeting"), "hello");
  EXPECT_EQ(cache_->GetByStr<std::string>("greeting").value_or("<miss>"),
            "hello");
  EXPECT_EQ(cache_->Get(Key<std::string>("greeting")).value_or("<miss>"),
            "hello");
  ASSERT_TRUE(cache_->InvalidateByStr("greeting").ok());
  EXPECT_FALSE(cache_->GetByStr<std::string>("greeting"));
}

TEST_P(ConformanceTest, SetByStrStoresWithATtl) {
  ASSERT_TRUE(cache_->SetByStr<std::string>("brief", "v", Units(2)).ok());
  PassTime(1);
  EXPECT_TRUE(cache_->GetByStr<std::string>("brief"));
  PassTime(1);
  EXPECT_FALSE(cache_->GetByStr<std::string>("brief"));
}

TEST_P(ConformanceTest, ValuesOfEachTypeRoundTrip) {
  ASSERT_TRUE(cache_->Set(Key<int64_t>("number"), int64_t{-12}).ok());
  ASSERT_TRUE(cache_->Set(Key<bool>("truth"), true).ok());
  ASSERT_TRUE(cache_->Set(Key<Bytes>("bytes"), Bytes::Copy("b")).ok());
  EXPECT_EQ(StoredAt("pyappcache/number"), "-12");
  EXPECT_EQ(cache_->Get(Key<int64_t>("number")).value_or(0), -12);
  EXPECT_TRUE(cache_->Get(Key<bool>("truth")).value_or(false));
  EXPECT_EQ(ValueOf(cache_->Get(Key<Bytes>("bytes"))), "b");
}

TEST_P(ConformanceTest, AValueThatDoesNotParseIsCorrupt) {
  ASSERT_TRUE(backend().SetRaw("pyappcache/number", "twelve", kNoTtl).ok());
  const Lookup<int> found = cache_->Get(Key<int>("number"));
  EXPECT_FALSE(found.is_hit());
  EXPECT_TRUE(found.status().Is(ErrorCode::kCorrupt));
}

TEST_P(ConformanceTest, GetManyKeepsTheOrderOfItsKeys) {
  using Entry = std::pair<Key<std::string>, std::string>;
  const std::vector<Entry> entries = {{Key<std::string>("a"), "1"},
                                      {Key<std::string>("b"), "2"}};
  ASSERT_TRUE(cache_->SetMany(std::span<const Entry>(entries)).ok());
  const std::vector<Key<std::string>> keys = {
      Key<std::string>("b"), Key<std::string>("none"), Key<std::string>("a")};
  const std::span<const Key<std::string>> all(keys);
  const auto found = cache_->GetMany(all);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].value_or("<miss>"), "2");
  EXPECT_FALSE(found[1].is_hit() || found[1].has_error());
  EXPECT_EQ(found[2].value_or("<miss>"), "1");
  ASSERT_TRUE(cache_->InvalidateMany(all).ok());
  EXPECT_FALSE(cache_->Get(keys[0]));
}

TEST_P(ConformanceTest, CachesWithDifferentPrefixesShareNoEntries) {
  const auto other = Open("other");
  ASSERT_TRUE(cache_->Set(Key<int>("k"), 1).ok());
  ASSERT_TRUE(other->Set(Key<int>("k"), 2).ok());
  EXPECT_EQ(cache_->Get(Key<int>("k")).value_or(0), 1);
  EXPECT_EQ(other->Get(Key<int>("k")).value_or(0), 2);
  ASSERT_TRUE(cache_->Invalidate(Key<int>("k")).ok());
  EXPECT_TRUE(other->Get(Key<int>("k")));
}

TEST_P(ConformanceTest, CachesOnOnePlaceShareEntriesIfTheTraitsSaySo) {
  const auto same = Open();
  ASSERT_TRUE(cache_->Set(Key<int>("k"), 1).ok());
  EXPECT_EQ(same->Get(Key<int>("k")).is_hit(), cache_->Traits().is_shared);
  ASSERT_TRUE(same->Invalidate(Key<int>("k")).ok());
  EXPECT_EQ(cache_->Get(Key<int>("k")).is_hit(), !cache_->Traits().is_shared);
}

TEST_P(ConformanceTest, StatsCountKeys) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", kNoTtl).ok());
  (void)backend().GetRaw("p/a");
  (void)backend().GetRaw("p/none");
  ASSERT_TRUE(backend().InvalidateRaw("p/a").ok());
  const CacheStats stats = cache_->Stats();
  // A backend that does not count has zeros.
  if (stats.hits + stats.misses + stats.sets == 0) return;
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.sets, 1u);
  EXPECT_EQ(stats.invalidations, 1u);
}

TEST_P(ConformanceTest, PingChangesNothing) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", kNoTtl).ok());
  const Result<std::string> version = cache_->Ping();
  EXPECT_TRUE(version.ok()) << version.status().ToString();
  EXPECT_EQ(StoredAt("p/a"), "1");
}

TEST_P(ConformanceTest, TraitsHaveANameAndSayWhatIsCleared) {
  const BackendTraits traits = cache_->Traits();
  EXPECT_NE(traits.name, BackendTraits().name);
  EXPECT_FALSE(traits.cleared.empty());
  EXPECT_GE(traits.ttl_resolution, Ttl(1));
}

}  // namespace
}  // namespace appcache
