// Compression by key and by string. A compressed value is recognised by its
// first bytes.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

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

TEST_P(ConformanceTest, TheKeyDecidesWhatIsCompressed) {
  const std::string large(10'000, 'x');
  ASSERT_TRUE(cache_->Set(PageKey(), large).ok());
  EXPECT_TRUE(StoredAt("pyappcache/page").starts_with(kGzipMagic));
  EXPECT_LT(StoredAt("pyappcache/page").size(), 1000u);
  EXPECT_EQ(cache_->Get(PageKey()).value_or("<miss>"), large);
  ASSERT_TRUE(cache_->Set(PageKey(), "small").ok());
  EXPECT_EQ(StoredAt("pyappcache/page"), "small");
  EXPECT_EQ(cache_->Get(PageKey()).value_or("<miss>"), "small");
}

TEST_P(ConformanceTest, SetByStrCompressesOnRequest) {
  ASSERT_TRUE(cache_
                  ->SetByStr<std::string>("page", "text", kNoTtl,
                                          Compression::kCompress)
                  .ok());
  EXPECT_TRUE(StoredAt("pyappcache/page").starts_with(kGzipMagic));
  EXPECT_EQ(cache_->GetByStr<std::string>("page").value_or("<miss>"), "text");
}

TEST_P(ConformanceTest, AValueThatLooksCompressedIsReturnedUnchanged) {
  const std::string odd = std::string(kGzipMagic) + " but not gzip";
  ASSERT_TRUE(cache_->SetByStr<std::string>("odd", odd).ok());
  EXPECT_EQ(cache_->GetByStr<std::string>("odd").value_or("<miss>"), odd);
}

TEST_P(ConformanceTest, AValueThatDoesNotDecompressIsCorrupt) {
  const std::string broken = std::string(kGzipMagic) + "broken";
  ASSERT_TRUE(backend().SetRaw("pyappcache/page", broken, kNoTtl).ok());
  EXPECT_TRUE(cache_->Get(PageKey()).status().Is(ErrorCode::kCorrupt));
}

}  // namespace
}  // namespace appcache
