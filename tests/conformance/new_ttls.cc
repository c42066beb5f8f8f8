// SetTtlRaw.

#include <gtest/gtest.h>

#include <string>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, ANewTtlCountsFromNowAndKeepsTheValue) {
  ASSERT_TRUE(backend().SetRaw("p/longer", "value", Units(2)).ok());
  ASSERT_TRUE(backend().SetRaw("p/shorter", "value", Units(10)).ok());
  PassTime(1);
  const Result<bool> longer = backend().SetTtlRaw("p/longer", Units(3));
  ASSERT_TRUE(longer.ok()) << longer.status().ToString();
  EXPECT_TRUE(*longer);
  EXPECT_TRUE(*backend().SetTtlRaw("p/shorter", Units(2)));
  EXPECT_EQ(StoredAt("p/longer"), "value");
  PassTime(2);
  EXPECT_EQ(StoredAt("p/longer"), "value");
  EXPECT_EQ(StoredAt("p/shorter"), "<miss>");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/longer"), "<miss>");
}

TEST_P(ConformanceTest, ATtlCanBeRemovedAndAdded) {
  ASSERT_TRUE(backend().SetRaw("p/a", "value", Units(1)).ok());
  ASSERT_TRUE(backend().SetRaw("p/b", "value", kNoTtl).ok());
  EXPECT_TRUE(*backend().SetTtlRaw("p/a", kNoTtl));
  EXPECT_TRUE(*backend().SetTtlRaw("p/a", kNoTtl));
  EXPECT_TRUE(*backend().SetTtlRaw("p/b", Units(2)));
  PassTime(2);
  EXPECT_EQ(StoredAt("p/a"), "value");
  EXPECT_EQ(StoredAt("p/b"), "<miss>");
}

TEST_P(ConformanceTest, AnAbsentEntryGetsNoTtl) {
  ASSERT_TRUE(backend().SetRaw("p/expired", "value", Units(1)).ok());
  PassTime(1);
  for (const char* const path : {"p/expired", "p/never set"}) {
    for (const Ttl ttl : {kNoTtl, Units(5)}) {
      const Result<bool> found = backend().SetTtlRaw(path, ttl);
      ASSERT_TRUE(found.ok()) << found.status().ToString();
      EXPECT_FALSE(*found) << path;
      EXPECT_EQ(StoredAt(path), "<miss>");
    }
  }
}

TEST_P(ConformanceTest, ALongPathAndALargeValueGetANewTtl) {
  const std::string path = "p/" + std::string(600, 'x');
  const std::string value(300'000, 'v');
  for (const std::string& of : {path, std::string("p/short")}) {
    ASSERT_TRUE(backend().SetRaw(of, value, kNoTtl).ok());
    EXPECT_TRUE(*backend().SetTtlRaw(of, Units(2)));
    PassTime(1);
    EXPECT_EQ(StoredAt(of), value);
    PassTime(1);
    EXPECT_EQ(StoredAt(of), "<miss>");
  }
}

TEST_P(ConformanceTest, ANewTtlIsSeenByOthers) {
  if (!cache_->Traits().is_shared) return;
  const std::shared_ptr<Cache> other = Open();
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  EXPECT_TRUE(*other->backend()->SetTtlRaw("p/a", Units(2)));
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "v");
  PassTime(1);
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, ATtlOfAPathOverTheKeyLimitIsInvalid) {
  const uint64_t most = cache_->Traits().max_key_bytes;
  if (most > 64 << 20) return;  // out of reach of a test
  EXPECT_TRUE(backend()
                  .SetTtlRaw(std::string(most + 1, 'k'), Units(1))
                  .status()
                  .Is(ErrorCode::kInvalidKey));
}

}  // namespace
}  // namespace appcache
