// AddRaw, where Traits().supports_add.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, AddStoresOnlyAnAbsentEntry) {
  const Result<bool> added = backend().AddRaw("p/a", "first", kNoTtl);
  if (!cache_->Traits().supports_add) {
    EXPECT_TRUE(added.status().Is(ErrorCode::kUnsupported));
    EXPECT_EQ(StoredAt("p/a"), "<miss>");
    return;
  }
  ASSERT_TRUE(added.ok()) << added.status().ToString();
  EXPECT_TRUE(*added);
  EXPECT_EQ(StoredAt("p/a"), "first");
  const Result<bool> again = backend().AddRaw("p/a", "second", kNoTtl);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_FALSE(*again);
  EXPECT_EQ(StoredAt("p/a"), "first");
}

TEST_P(ConformanceTest, AddStoresAfterExpiryOrInvalidation) {
  if (!cache_->Traits().supports_add) return;
  ASSERT_TRUE(*backend().AddRaw("p/a", "first", Units(2)));
  PassTime(1);
  EXPECT_FALSE(*backend().AddRaw("p/a", "second", Units(2)));
  PassTime(1);
  EXPECT_TRUE(*backend().AddRaw("p/a", "third", kNoTtl));
  EXPECT_EQ(StoredAt("p/a"), "third");
  ASSERT_TRUE(backend().InvalidateRaw("p/a").ok());
  EXPECT_TRUE(*backend().AddRaw("p/a", "fourth", kNoTtl));
}

TEST_P(ConformanceTest, AnAddedEntryExpires) {
  if (!cache_->Traits().supports_add) return;
  ASSERT_TRUE(*backend().AddRaw("p/a", "v", Units(2)));
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "v");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, ARefusedAddKeepsTheTtl) {
  if (!cache_->Traits().supports_add) return;
  ASSERT_TRUE(backend().SetRaw("p/expires", "v", Units(2)).ok());
  ASSERT_TRUE(backend().SetRaw("p/stays", "v", kNoTtl).ok());
  EXPECT_FALSE(*backend().AddRaw("p/expires", "w", kNoTtl));
  EXPECT_FALSE(*backend().AddRaw("p/stays", "w", Units(1)));
  PassTime(2);
  EXPECT_EQ(StoredAt("p/expires"), "<miss>");
  EXPECT_EQ(StoredAt("p/stays"), "v");
}

// Some backends store long paths under a hash.
TEST_P(ConformanceTest, EachPathIsAddedOnce) {
  if (!cache_->Traits().supports_add) return;
  std::vector<std::string> paths = {"", "p/a b", "p/a\r\nb", "p/\xff",
                                    std::string("p/a\0b", 5)};
  for (const size_t bytes : {250, 251, 510, 511, 512, 5'000}) {
    if (bytes > cache_->Traits().max_key_bytes) continue;
    paths.push_back(std::string(bytes - 1, 'p') + "a");
    paths.push_back(std::string(bytes - 1, 'p') + "b");
  }
  for (const std::string& path : paths) {
    const Result<bool> added =
        backend().AddRaw(path, "value of " + path, kNoTtl);
    ASSERT_TRUE(added.ok()) << added.status().ToString();
    EXPECT_TRUE(*added) << path.size();
  }
  for (const std::string& path : paths) {
    EXPECT_FALSE(*backend().AddRaw(path, "other", kNoTtl)) << path.size();
    EXPECT_EQ(StoredAt(path), "value of " + path);
  }
}

TEST_P(ConformanceTest, AFailedAddChangesNothing) {
  if (!cache_->Traits().supports_add) return;
  const uint64_t most_key = cache_->Traits().max_key_bytes;
  const uint64_t most_value = cache_->Traits().max_value_bytes;
  if (most_key <= 64 << 20) {
    const std::string path(most_key + 1, 'k');
    EXPECT_TRUE(backend()
                    .AddRaw(path, "v", kNoTtl)
                    .status()
                    .Is(ErrorCode::kInvalidKey));
  }
  if (most_value > 256 << 20) return;  // out of reach of a test
  const std::string value(most_value + 1, 'v');
  ASSERT_TRUE(backend().SetRaw("p/a", "old", kNoTtl).ok());
  for (const char* const path : {"p/a", "p/b"}) {
    const Result<bool> added = backend().AddRaw(path, value, kNoTtl);
    EXPECT_TRUE(added.status().Is(ErrorCode::kTooLarge))
        << added.status().ToString();
  }
  EXPECT_EQ(StoredAt("p/a"), "old");
  EXPECT_EQ(StoredAt("p/b"), "<miss>");
}

TEST_P(ConformanceTest, CachesOnOnePlaceShareAdds) {
  if (!cache_->Traits().supports_add || !cache_->Traits().is_shared) return;
  const std::shared_ptr<Cache> other = Open();
  ASSERT_TRUE(*backend().AddRaw("p/a", "mine", Units(2)));
  EXPECT_FALSE(*other->backend()->AddRaw("p/a", "theirs", kNoTtl));
  PassTime(2);
  EXPECT_TRUE(*other->backend()->AddRaw("p/a", "theirs", kNoTtl));
  EXPECT_FALSE(*backend().AddRaw("p/a", "mine", kNoTtl));
  EXPECT_EQ(StoredAt("p/a"), "theirs");
}

}  // namespace
}  // namespace appcache
