// The required operations, one at a time.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

TEST_P(ConformanceTest, AGetOfAnAbsentKeyIsAMiss) {
  EXPECT_EQ(StoredAt("pyappcache/none"), "<miss>");
}

TEST_P(ConformanceTest, AGetReturnsWhatWasSet) {
  ASSERT_TRUE(backend().SetRaw("p/a", "value", kNoTtl).ok());
  EXPECT_EQ(StoredAt("p/a"), "value");
}

TEST_P(ConformanceTest, ASetReplacesTheValue) {
  ASSERT_TRUE(backend().SetRaw("p/a", "a longer value", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("p/a", "short", kNoTtl).ok());
  EXPECT_EQ(StoredAt("p/a"), "short");
}

TEST_P(ConformanceTest, AnInvalidateRemovesOneEntry) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("p/b", "2", kNoTtl).ok());
  ASSERT_TRUE(backend().InvalidateRaw("p/a").ok());
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
  EXPECT_EQ(StoredAt("p/b"), "2");
}

TEST_P(ConformanceTest, InvalidatingAnAbsentKeySucceeds) {
  EXPECT_TRUE(backend().InvalidateRaw("p/none").ok());
}

TEST_P(ConformanceTest, ClearRemovesEntriesOfEveryPrefix) {
  ASSERT_TRUE(backend().SetRaw("p/a", "1", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("another prefix/b", "2", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
  EXPECT_EQ(StoredAt("another prefix/b"), "<miss>");
  ASSERT_TRUE(backend().SetRaw("p/a", "3", kNoTtl).ok());
  EXPECT_EQ(StoredAt("p/a"), "3");
}

TEST_P(ConformanceTest, ClearingAnEmptyCacheSucceeds) {
  EXPECT_TRUE(cache_->Clear().ok());
}

TEST_P(ConformanceTest, AnyBytesAreAValidValue) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ASSERT_TRUE(backend().SetRaw("p/a", all, kNoTtl).ok());
  EXPECT_EQ(StoredAt("p/a"), all);
}

TEST_P(ConformanceTest, AnyBytesAreAValidKey) {
  std::vector<std::string> keys = {"p",
                                   "p/",
                                   "p//",
                                   "p/.",
                                   "p/..",
                                   "../p",
                                   "/",
                                   "",
                                   " ",
                                   "p\n",
                                   "p\r\n",
                                   "'",
                                   "\"",
                                   "%",
                                   "*",
                                   std::string(200, '/'),
                                   std::string(5000, 'k')};
  for (int byte = 0; byte < 256; ++byte) {
    keys.push_back("byte/" + std::string(1, static_cast<char>(byte)));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(backend().SetRaw(keys[i], std::to_string(i), kNoTtl).ok());
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(StoredAt(keys[i]), std::to_string(i)) << keys[i];
  }
}

TEST_P(ConformanceTest, SimilarKeysAreDistinct) {
  const std::array keys = {"p/a"sv,  "p/A"sv, "p/a "sv, "p/a\0"sv,
                           "p/a/"sv, "P/a"sv, "p/aa"sv};
  for (const std::string_view key : keys) {
    ASSERT_TRUE(backend().SetRaw(key, key, kNoTtl).ok());
  }
  for (const std::string_view key : keys) {
    EXPECT_EQ(StoredAt(key), key);
  }
}

TEST_P(ConformanceTest, AReturnedValueOutlivesItsEntry) {
  ASSERT_TRUE(backend().SetRaw("p/a", "value", kNoTtl).ok());
  const Lookup<Bytes> found = backend().GetRaw("p/a");
  ASSERT_TRUE(found);
  ASSERT_TRUE(backend().SetRaw("p/a", "other", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(found->view(), "value");
}

}  // namespace
}  // namespace appcache
