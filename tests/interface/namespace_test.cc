// Namespaces. The cases are those of pyappcache's tests.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::namespace_test {
namespace {

struct LastChangedKey {
  using value_type = std::string;
  std::string user;
  void AppendTo(KeyPath& path) const {
    path.Segment(user).Segment("last_changed");
  }
};

struct FavouriteKey {
  using value_type = std::string;
  std::string user;
  void AppendTo(KeyPath& path) const { path.Segment("favourite"); }
  LastChangedKey namespace_key() const { return {user}; }
};

class NamespaceTest : public testing::Test {
 protected:
  CapturedLog log_;
  MapCache cache_{log_.options()};
  const FavouriteKey key_{"john"};
  const LastChangedKey namespace_{"john"};
};

TEST_F(NamespaceTest, TheNamespaceIsTheSegmentAfterThePrefix) {
  ASSERT_TRUE(cache_.Set(namespace_, "2018-01-03").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  EXPECT_EQ(cache_.StoredAt("pyappcache/john/last_changed"), "2018-01-03");
  EXPECT_EQ(cache_.StoredAt("pyappcache/2018-01-03/favourite"), "pikachu");
}

TEST_F(NamespaceTest, AGetWithoutTheNamespaceIsAMiss) {
  const Lookup<std::string> found = cache_.Get(key_);
  EXPECT_FALSE(found);
  EXPECT_FALSE(found.has_error());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(NamespaceTest, ASetWithoutTheNamespaceStoresNothingAndWarns) {
  EXPECT_TRUE(cache_.Set(key_, "pikachu").ok());
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: cannot set a key: its "
                                     "namespace does not exist"});
}

TEST_F(NamespaceTest, AnInvalidateWithoutTheNamespaceDoesNothingAndWarns) {
  ASSERT_TRUE(cache_.Set(Key<std::string>("favourite"), "no one's").ok());
  EXPECT_TRUE(cache_.Invalidate(key_).ok());
  EXPECT_EQ(cache_.size(), 1u);
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: cannot invalidate a key: its "
                                     "namespace does not exist"});
}

TEST_F(NamespaceTest, GetAndSetWorkWithTheNamespace) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  EXPECT_EQ(*cache_.Get(key_), "pikachu");
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(NamespaceTest, AnInvalidateWithTheNamespaceRemovesTheEntry) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  EXPECT_FALSE(cache_.Get(key_));
  EXPECT_EQ(*cache_.Get(namespace_), "v1");
}

TEST_F(NamespaceTest, ChangingTheNamespaceHidesItsEntries) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache_.Set(namespace_, "v2").ok());
  EXPECT_FALSE(cache_.Get(key_));
}

TEST_F(NamespaceTest, NewEntriesAreStoredUnderTheNewNamespace) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache_.Set(namespace_, "v2").ok());
  ASSERT_TRUE(cache_.Set(key_, "bulbasaur").ok());
  EXPECT_EQ(*cache_.Get(key_), "bulbasaur");
}

TEST_F(NamespaceTest, InvalidatingTheNamespaceHidesItsEntries) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache_.Invalidate(namespace_).ok());
  EXPECT_FALSE(cache_.Get(key_));
  EXPECT_FALSE(cache_.Get(key_).has_error());
}

TEST_F(NamespaceTest, ChangingOneNamespaceDoesNotAffectAnother) {
  const FavouriteKey other{"mary"};
  ASSERT_TRUE(cache_.Set(namespace_, "j1").ok());
  ASSERT_TRUE(cache_.Set(other.namespace_key(), "m1").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache_.Set(other, "eevee").ok());
  ASSERT_TRUE(cache_.Set(namespace_, "j2").ok());
  EXPECT_FALSE(cache_.Get(key_));
  EXPECT_EQ(*cache_.Get(other), "eevee");
}

TEST_F(NamespaceTest, AnEmptyNamespaceIsAnEmptySegment) {
  ASSERT_TRUE(cache_.Set(namespace_, "").ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  EXPECT_EQ(cache_.StoredAt("pyappcache//favourite"), "pikachu");
}

TEST_F(NamespaceTest, ACompressedNamespaceIsDecompressed) {
  ASSERT_TRUE(cache_
                  .SetByStr<std::string>("john/last_changed", "v1", kNoTtl,
                                         Compression::kCompress)
                  .ok());
  ASSERT_TRUE(cache_.Set(key_, "pikachu").ok());
  EXPECT_EQ(cache_.StoredAt("pyappcache/v1/favourite"), "pikachu");
}

TEST_F(NamespaceTest, ANumberIsADecimalSegment) {
  struct CountKey {
    using value_type = int;
    void AppendTo(KeyPath& path) const { path.Segment("count"); }
    Key<int> namespace_key() const { return Key<int>("generation"); }
  };
  ASSERT_TRUE(cache_.Set(Key<int>("generation"), 42).ok());
  ASSERT_TRUE(cache_.Set(CountKey(), 7).ok());
  EXPECT_EQ(cache_.StoredAt("pyappcache/42/count"), "7");
}

TEST_F(NamespaceTest, AnExpiredNamespaceHidesItsEntries) {
  auto clock = std::make_shared<FakeClock>();
  MapCache cache(log_.options(), clock);
  ASSERT_TRUE(cache.Set(namespace_, "v1", std::chrono::seconds(1)).ok());
  ASSERT_TRUE(cache.Set(key_, "pikachu").ok());
  ASSERT_TRUE(cache.Get(key_));
  clock->Advance(std::chrono::seconds(1));
  EXPECT_FALSE(cache.Get(key_));
}

// A set whose namespace cannot be read must not succeed.
TEST_F(NamespaceTest, AFailureToReadTheNamespaceIsTheErrorOfTheOperation) {
  cache_.set_hook(Failing(MapCache::Operation::kGet,
                          Status(ErrorCode::kUnavailable, "down")));
  EXPECT_EQ(cache_.Get(key_).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(cache_.Set(key_, "x").Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(cache_.Invalidate(key_).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(NamespaceTest, ADamagedNamespaceIsCorrupt) {
  ASSERT_TRUE(
      cache_.backend()
          ->SetRaw("pyappcache/john/last_changed", "\x1f\x8b...", kNoTtl)
          .ok());
  EXPECT_EQ(cache_.Get(key_).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(cache_.Set(key_, "x").Is(ErrorCode::kCorrupt));
}

TEST_F(NamespaceTest, GetViaWithoutTheNamespaceLoadsAndWarns) {
  EXPECT_EQ(cache_.GetVia(key_, [] { return std::string("loaded"); }),
            "loaded");
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: a loaded value was not stored: "
                                     "the key's namespace does not exist"});
}

TEST_F(NamespaceTest, GetViaStoresUnderTheNamespace) {
  ASSERT_TRUE(cache_.Set(namespace_, "v1").ok());
  EXPECT_EQ(cache_.GetVia(key_, [] { return std::string("loaded"); }),
            "loaded");
  EXPECT_EQ(cache_.StoredAt("pyappcache/v1/favourite"), "loaded");
}

}  // namespace
}  // namespace appcache::namespace_test
