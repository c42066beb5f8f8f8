// Compression by key and by string; what is compressed is known by its bytes.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/cache.h"
#include "tests/conformance/conformance.h"

namespace appcache {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";

struct PageKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("page"); }
  bool should_compress(const std::string&, std::string_view bytes) const {
    return bytes.size() >= 100;
  }
};

TEST_P(ConformanceTest, AKeyDecidesWhatIsCompressed) {
  const std::string large(10'000, 'x');
  ASSERT_TRUE(cache_->Set(PageKey(), large).ok());
  EXPECT_TRUE(StoredAt("pyappcache/page").starts_with(kGzipMagic));
  EXPECT_LT(StoredAt("pyappcache/page").size(), 1000u);
  EXPECT_EQ(cache_->Get(PageKey()).value_or("<miss>"), large);
  ASSERT_TRUE(cache_->Set(PageKey(), "small").ok());
  EXPECT_EQ(StoredAt("pyappcache/page"), "small");
  EXPECT_EQ(cache_->Get(PageKey()).value_or("<miss>"), "small");
}

TEST_P(ConformanceTest, AStringIsCompressedWhenAskedFor) {
  ASSERT_TRUE(cache_
                  ->SetByStr<std::string>("page", "text", kNoTtl,
                                          Compression::kCompress)
                  .ok());
  EXPECT_TRUE(StoredAt("pyappcache/page").starts_with(kGzipMagic));
  EXPECT_EQ(cache_->GetByStr<std::string>("page").value_or("<miss>"), "text");
}

TEST_P(ConformanceTest, WhatLooksCompressedComesBackAsItWas) {
  const std::string odd = std::string(kGzipMagic) + " and no gzip";
  ASSERT_TRUE(cache_->SetByStr<std::string>("odd", odd).ok());
  EXPECT_EQ(cache_->GetByStr<std::string>("odd").value_or("<miss>"), odd);
}

TEST_P(ConformanceTest, WhatDoesNotDecompressIsAMissThatSaysCorrupt) {
  const std::string broken = std::string(kGzipMagic) + "broken";
  ASSERT_TRUE(cache_->SetRaw("pyappcache/page", broken, kNoTtl).ok());
  EXPECT_TRUE(cache_->Get(PageKey()).status().Is(ErrorCode::kCorrupt));
}

}  // namespace
}  // namespace appcache
