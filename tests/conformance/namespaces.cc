// Namespaces, which behave as in pyappcache.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

const Key<std::string> kVersion("john", "version");

struct FavouriteKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("favourite"); }
  Key<std::string> namespace_key() const { return kVersion; }
};

TEST_P(ConformanceTest, WithoutItsNamespaceAGetIsAPlainMiss) {
  const Lookup<std::string> found = cache_->Get(FavouriteKey());
  EXPECT_FALSE(found.is_hit() || found.has_error());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_P(ConformanceTest, WithoutItsNamespaceASetStoresNothingAndWarns) {
  EXPECT_TRUE(cache_->Set(FavouriteKey(), "pikachu").ok());
  EXPECT_EQ(StoredAt("pyappcache/favourite"), "<miss>");
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: cannot set a key: its "
                                     "namespace does not exist"});
}

TEST_P(ConformanceTest, WithoutItsNamespaceAnInvalidateWarns) {
  EXPECT_TRUE(cache_->Invalidate(FavouriteKey()).ok());
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: cannot invalidate a key: its "
                                     "namespace does not exist"});
}

TEST_P(ConformanceTest, TheNamespaceIsASegmentOfThePath) {
  ASSERT_TRUE(cache_->Set(kVersion, "v1").ok());
  ASSERT_TRUE(cache_->Set(FavouriteKey(), "pikachu").ok());
  EXPECT_EQ(StoredAt("pyappcache/v1/favourite"), "pikachu");
  EXPECT_EQ(cache_->Get(FavouriteKey()).value_or("<miss>"), "pikachu");
  ASSERT_TRUE(cache_->Invalidate(FavouriteKey()).ok());
  EXPECT_FALSE(cache_->Get(FavouriteKey()));
  EXPECT_TRUE(log_.lines().empty());
}

TEST_P(ConformanceTest, ChangingTheNamespaceHidesItsEntries) {
  ASSERT_TRUE(cache_->Set(kVersion, "v1").ok());
  ASSERT_TRUE(cache_->Set(FavouriteKey(), "pikachu").ok());
  ASSERT_TRUE(cache_->Set(kVersion, "v2").ok());
  EXPECT_FALSE(cache_->Get(FavouriteKey()));
  EXPECT_EQ(StoredAt("pyappcache/v1/favourite"), "pikachu");
}

TEST_P(ConformanceTest, EachNamespaceHasItsOwnEntries) {
  ASSERT_TRUE(cache_->Set(kVersion, "v1").ok());
  ASSERT_TRUE(cache_->Set(FavouriteKey(), "pikachu").ok());
  ASSERT_TRUE(cache_->Set(kVersion, "v2").ok());
  ASSERT_TRUE(cache_->Set(FavouriteKey(), "eevee").ok());
  EXPECT_EQ(cache_->Get(FavouriteKey()).value_or("<miss>"), "eevee");
  ASSERT_TRUE(cache_->Set(kVersion, "v1").ok());
  EXPECT_EQ(cache_->Get(FavouriteKey()).value_or("<miss>"), "pikachu");
}

TEST_P(ConformanceTest, AnExpiredNamespaceIsAbsent) {
  ASSERT_TRUE(cache_->Set(kVersion, "v1", Units(2)).ok());
  ASSERT_TRUE(cache_->Set(FavouriteKey(), "pikachu").ok());
  PassTime(2);
  EXPECT_FALSE(cache_->Get(FavouriteKey()));
}

}  // namespace
}  // namespace appcache
