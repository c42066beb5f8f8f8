// AddRaw, where Traits() says that there is one.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
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

TEST_P(ConformanceTest, WhatWasAddedEndsWithItsTtl) {
  if (!cache_->Traits().adds) return;
  ASSERT_TRUE(*cache_->AddRaw("p/a", "v", Units(2)));
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "v");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, ARefusedAddLeavesTheTtlAsItWas) {
  if (!cache_->Traits().adds) return;
  ASSERT_TRUE(cache_->SetRaw("p/ends", "v", Units(2)).ok());
  ASSERT_TRUE(cache_->SetRaw("p/stays", "v", kNoTtl).ok());
  EXPECT_FALSE(*cache_->AddRaw("p/ends", "w", kNoTtl));
  EXPECT_FALSE(*cache_->AddRaw("p/stays", "w", Units(1)));
  PassTime(2);
  EXPECT_EQ(StoredAt("p/ends"), "<miss>");
  EXPECT_EQ(StoredAt("p/stays"), "v");
}

// Hashed names and all: each path is added once, and no path for another.
TEST_P(ConformanceTest, AnyPathIsAddedOnce) {
  if (!cache_->Traits().adds) return;
  std::vector<std::string> paths = {"", "p/a b", "p/a\r\nb", "p/\xff",
                                    std::string("p/a\0b", 5)};
  for (const size_t bytes : {250, 251, 510, 511, 512, 5'000}) {
    if (bytes > cache_->Traits().max_key_bytes) continue;
    paths.push_back(std::string(bytes - 1, 'p') + "a");
    paths.push_back(std::string(bytes - 1, 'p') + "b");
  }
  for (const std::string& path : paths) {
    const Result<bool> added = cache_->AddRaw(path, "of " + path, kNoTtl);
    ASSERT_TRUE(added.ok()) << added.status().ToString();
    EXPECT_TRUE(*added) << path.size();
  }
  for (const std::string& path : paths) {
    EXPECT_FALSE(*cache_->AddRaw(path, "another", kNoTtl)) << path.size();
    EXPECT_EQ(StoredAt(path), "of " + path);
  }
}

TEST_P(ConformanceTest, AnAddThatFailsChangesNothing) {
  if (!cache_->Traits().adds) return;
  const uint64_t most_key = cache_->Traits().max_key_bytes;
  const uint64_t most_value = cache_->Traits().max_value_bytes;
  if (most_key <= 64 << 20) {
    const std::string path(most_key + 1, 'k');
    EXPECT_TRUE(
        cache_->AddRaw(path, "v", kNoTtl).status().Is(ErrorCode::kInvalidKey));
  }
  if (most_value > 256 << 20) return;  // out of reach of a test
  const std::string value(most_value + 1, 'v');
  ASSERT_TRUE(cache_->SetRaw("p/a", "old", kNoTtl).ok());
  for (const char* const path : {"p/a", "p/b"}) {
    const Result<bool> added = cache_->AddRaw(path, value, kNoTtl);
    EXPECT_TRUE(added.status().Is(ErrorCode::kTooLarge))
        << added.status().ToString();
  }
  EXPECT_EQ(StoredAt("p/a"), "old");
  EXPECT_EQ(StoredAt("p/b"), "<miss>");
}

TEST_P(ConformanceTest, WhatOneObjectAddedAnotherDoesNot) {
  if (!cache_->Traits().adds || !cache_->Traits().is_shared) return;
  const std::shared_ptr<Cache> other = Open();
  ASSERT_TRUE(*cache_->AddRaw("p/a", "mine", Units(2)));
  EXPECT_FALSE(*other->AddRaw("p/a", "theirs", kNoTtl));
  PassTime(2);
  EXPECT_TRUE(*other->AddRaw("p/a", "theirs", kNoTtl));
  EXPECT_FALSE(*cache_->AddRaw("p/a", "mine", kNoTtl));
  EXPECT_EQ(StoredAt("p/a"), "theirs");
}

}  // namespace
}  // namespace appcache
