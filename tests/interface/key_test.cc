#include "appcache/key.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::key_test {
namespace {

template <CacheKey K>
std::string SegmentsOf(const K& key) {
  KeyPath path;
  key.AppendTo(path);
  return std::string(path.view());
}

// Whether a cache stores the key's value under `path`.
template <CacheKey K>
bool IsStoredAt(const K& key, std::string_view path, CacheOptions options) {
  MapCache cache(std::move(options));
  return cache.Set(key, {}).ok() && cache.size() == 1 &&
         cache.StoredAt(path) != "<none>";
}

struct UserKey {
  using value_type = std::string;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("user").Segment(id); }
};

TEST(KeyTest, JoinsItsSegments) {
  EXPECT_EQ(SegmentsOf(Key<int>("freddie")), "freddie");
  EXPECT_EQ(SegmentsOf(Key<int>("user", 7, "name")), "user/7/name");
  EXPECT_EQ(SegmentsOf(Key<int>(std::string("user"), -7L)), "user/-7");
  EXPECT_EQ(SegmentsOf(Key<int>("")), "");
  EXPECT_EQ(SegmentsOf(Key<int>("", "")), "/");
}

TEST(KeyTest, CopiesNameTheSameEntry) {
  Key<int> first("a", 1);
  const Key<int> second = first;  // NOLINT(performance-unnecessary-copy-*)
  EXPECT_EQ(SegmentsOf(second), "a/1");
  EXPECT_EQ(SegmentsOf(first), "a/1");
}

TEST(KeyTest, KeepsNoReferenceToItsSegments) {
  std::string segment = "before";
  const Key<int> key(segment);
  segment = "after!";
  EXPECT_EQ(SegmentsOf(key), "before");
}

TEST(KeyTest, IsStoredUnderThePrefix) {
  EXPECT_TRUE(IsStoredAt(UserKey{7}, "pyappcache/user/7", {}));
  EXPECT_TRUE(IsStoredAt(Key<int>("user", 7), "pyappcache/user/7", {}));
}

TEST(KeyTest, ThePrefixIsUsedUnchanged) {
  CacheOptions slashes;
  slashes.prefix = "/pyappcache/";
  EXPECT_TRUE(IsStoredAt(UserKey{7}, "/pyappcache//user/7", slashes));
  CacheOptions none;
  none.prefix = "";
  EXPECT_TRUE(IsStoredAt(UserKey{7}, "/user/7", none));
}

TEST(KeyTest, TheDefaultPrefixIsPyappcaches) {
  EXPECT_EQ(CacheOptions().prefix, "pyappcache");
  EXPECT_EQ(MapCache().prefix(), "pyappcache");
}

TEST(KeyTest, CachesWithDifferentPrefixesShareNoEntries) {
  CacheOptions other;
  other.prefix = "pyappcache2";
  MapCache cache;
  MapCache cache2(other);
  ASSERT_TRUE(cache.Set(UserKey{7}, "Ada").ok());
  EXPECT_TRUE(cache.backend()->GetRaw("pyappcache/user/7"));
  EXPECT_FALSE(cache.backend()->GetRaw("pyappcache2/user/7"));
  EXPECT_FALSE(cache2.Get(UserKey{7}));
}

TEST(KeyTest, OnlyTypesWithAPathAndAValueTypeAreKeys) {
  struct NoValueType {
    void AppendTo(KeyPath&) const {}
  };
  struct NoAppendTo {
    using value_type = int;
  };
  EXPECT_TRUE(CacheKey<UserKey>);
  EXPECT_TRUE(CacheKey<Key<int>>);
  EXPECT_FALSE(CacheKey<NoValueType>);
  EXPECT_FALSE(CacheKey<NoAppendTo>);
  EXPECT_FALSE(CacheKey<std::string>);
}

}  // namespace
}  // namespace appcache::key_test
