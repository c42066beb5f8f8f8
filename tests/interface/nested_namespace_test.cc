// Nested and optional namespaces.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::nested_namespace_test {
namespace {

struct TenantKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("tenant"); }
};

struct UserVersionKey {
  using value_type = int;
  void AppendTo(KeyPath& path) const { path.Segment("user_version"); }
  TenantKey namespace_key() const { return {}; }
};

struct NameKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("name"); }
  UserVersionKey namespace_key() const { return {}; }
};

TEST(NestedNamespaceTest, EachNamespaceIsReadUnderItsOwn) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(TenantKey(), "t1").ok());
  ASSERT_TRUE(cache.Set(UserVersionKey(), 5).ok());
  ASSERT_TRUE(cache.Set(NameKey(), "Ada").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/tenant"), "t1");
  EXPECT_EQ(cache.StoredAt("pyappcache/t1/user_version"), "5");
  EXPECT_EQ(cache.StoredAt("pyappcache/5/name"), "Ada");
  EXPECT_EQ(*cache.Get(NameKey()), "Ada");
}

TEST(NestedNamespaceTest, ChangingTheOuterNamespaceHidesAllEntriesBelow) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(TenantKey(), "t1").ok());
  ASSERT_TRUE(cache.Set(UserVersionKey(), 5).ok());
  ASSERT_TRUE(cache.Set(NameKey(), "Ada").ok());
  ASSERT_TRUE(cache.Set(TenantKey(), "t2").ok());
  EXPECT_FALSE(cache.Get(UserVersionKey()));
  EXPECT_FALSE(cache.Get(NameKey()));
}

TEST(NestedNamespaceTest, ASetWithoutTheOuterNamespaceWarnsOnce) {
  CapturedLog log;
  MapCache cache(log.options());
  EXPECT_TRUE(cache.Set(NameKey(), "Ada").ok());
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(log.lines().size(), 1u);
}

// A chain of `depth` namespaces: level 0 has none.
struct ChainKey {
  using value_type = int;
  int depth;
  void AppendTo(KeyPath& path) const { path.Segment("level").Segment(depth); }
  std::optional<ChainKey> namespace_key() const {
    if (depth == 0) return std::nullopt;
    return ChainKey{depth - 1};
  }
};

TEST(NestedNamespaceTest, AnOptionalNamespaceMayBeAbsent) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(ChainKey{0}, 100).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/level/0"), "100");
  ASSERT_TRUE(cache.Set(ChainKey{1}, 101).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/100/level/1"), "101");
  EXPECT_EQ(*cache.Get(ChainKey{1}), 101);
}

TEST(NestedNamespaceTest, NestingUpToTheLimitWorks) {
  MapCache cache;
  for (int depth = 0; depth <= kMaxNamespaceDepth; ++depth) {
    ASSERT_TRUE(cache.Set(ChainKey{depth}, depth).ok()) << depth;
    ASSERT_EQ(cache.Get(ChainKey{depth}).value_or(-1), depth);
  }
}

TEST(NestedNamespaceTest, DeeperNestingIsInvalidKey) {
  MapCache cache;
  const ChainKey key{kMaxNamespaceDepth + 1};
  EXPECT_TRUE(cache.Set(key, 1).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(cache.Invalidate(key).Is(ErrorCode::kInvalidKey));
  EXPECT_EQ(cache.Get(key).error().code, ErrorCode::kInvalidKey);
}

// A key that is its own namespace.
struct SnakeKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("snake"); }
  SnakeKey namespace_key() const { return {}; }
};

TEST(NestedNamespaceTest, ACyclicNamespaceIsInvalidKey) {
  CapturedLog log;
  MapCache cache(log.options());
  EXPECT_EQ(cache.Get(SnakeKey()).error().code, ErrorCode::kInvalidKey);
  EXPECT_TRUE(cache.Set(SnakeKey(), "x").Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(cache.Invalidate(SnakeKey()).Is(ErrorCode::kInvalidKey));
  EXPECT_EQ(cache.GetVia(SnakeKey(), [] { return std::string("loaded"); }),
            "loaded");
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(log.lines().size(), 1u);  // of GetVia
}

}  // namespace
}  // namespace appcache::nested_namespace_test
