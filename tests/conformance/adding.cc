// AddRaw, where Traits() says that there is one.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

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

TEST_P(ConformanceTest, OfManyThreadsThatAddOneDoes) {
  if (!cache_->Traits().adds) return;
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const Result<bool> mine =
          cache_->AddRaw("p/a", std::to_string(t), kNoTtl);
      if (mine.ok() && *mine) ++added;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 1);
}

}  // namespace
}  // namespace appcache
