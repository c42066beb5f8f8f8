// AddRaw, where Traits() says that there is one.

#include <gtest/gtest.h>

#include "engine/cache.h"
#include "tests/conformance/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, AnAddStoresWhereNothingIs) {
  const Result<bool> added = cache_->AddRaw("p/a", "first", kNoTtl);
  if (!cache_->Traits().adds) {
    EXPECT_TRUE(added.status().Is(ErrorCode::kUnsupported));
    EXPECT_EQ(StoredAt("p/a"), "<miss>");
    return;
  }
  ASSERT_TRUE(added.ok()) << added.status().ToString();
  EXPECT_TRUE(*added);
  EXPECT_EQ(StoredAt("p/a"), "first");
  const Result<bool> again = cache_->AddRaw("p/a", "second", kNoTtl);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_FALSE(*again);
  EXPECT_EQ(StoredAt("p/a"), "first");
}

TEST_P(ConformanceTest, AnAddStoresAgainWhatHasEndedOrWasRemoved) {
  if (!cache_->Traits().adds) return;
  ASSERT_TRUE(*cache_->AddRaw("p/a", "first", Units(2)));
  PassTime(1);
  EXPECT_FALSE(*cache_->AddRaw("p/a", "second", Units(2)));
  PassTime(1);
  EXPECT_TRUE(*cache_->AddRaw("p/a", "third", kNoTtl));
  EXPECT_EQ(StoredAt("p/a"), "third");
  ASSERT_TRUE(cache_->InvalidateRaw("p/a").ok());
  EXPECT_TRUE(*cache_->AddRaw("p/a", "fourth", kNoTtl));
}

}  // namespace
}  // namespace appcache
