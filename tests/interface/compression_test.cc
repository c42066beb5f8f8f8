// Which values are compressed, and how they are read.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::compression_test {
namespace {

constexpr std::string_view kMagic = "\x1f\x8b";

// Compresses long values, and "secret" whatever its length.
struct PageKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("page"); }
  bool should_compress(const std::string& value, std::string_view bytes) const {
    return value == "secret" || bytes.size() >= 100;
  }
};

bool IsCompressedAt(const MapCache& cache, std::string_view path) {
  return cache.StoredAt(path).starts_with(kMagic);
}

TEST(CompressionTest, TheKeyMayDecideByTheValue) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(PageKey(), "secret").ok());
  EXPECT_TRUE(IsCompressedAt(cache, "pyappcache/page"));
  EXPECT_EQ(*cache.Get(PageKey()), "secret");
}

TEST(CompressionTest, TheKeyMayDecideByTheBytes) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(PageKey(), std::string(99, 'x')).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/page"), std::string(99, 'x'));
  ASSERT_TRUE(cache.Set(PageKey(), std::string(100, 'x')).ok());
  EXPECT_TRUE(IsCompressedAt(cache, "pyappcache/page"));
  EXPECT_EQ(*cache.Get(PageKey()), std::string(100, 'x'));
}

TEST(CompressionTest, ShouldCompressReceivesTheSerialisedBytes) {
  struct NumberKey {
    using value_type = int;
    void AppendTo(KeyPath& path) const { path.Segment("number"); }
    bool should_compress(int value, std::string_view bytes) const {
      return value == 12345 && bytes == "12345";
    }
  };
  MapCache cache;
  ASSERT_TRUE(cache.Set(NumberKey(), 12345).ok());
  EXPECT_TRUE(IsCompressedAt(cache, "pyappcache/number"));
  EXPECT_EQ(*cache.Get(NumberKey()), 12345);
}

TEST(CompressionTest, AKeyWithoutShouldCompressIsNotCompressed) {
  MapCache cache;
  const std::string value(10000, 'x');
  ASSERT_TRUE(cache.Set(Key<std::string>("plain"), value).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/plain"), value);
}

TEST(CompressionTest, SetByStrCompressesOnRequest) {
  MapCache cache;
  const std::string value(100, 'x');
  ASSERT_TRUE(cache.SetByStr("a", value).ok());
  ASSERT_TRUE(cache.SetByStr("b", value, kNoTtl, Compression::kCompress).ok());
  EXPECT_FALSE(IsCompressedAt(cache, "pyappcache/a"));
  EXPECT_TRUE(IsCompressedAt(cache, "pyappcache/b"));
  EXPECT_EQ(*cache.GetByStr<std::string>("a"), value);
  EXPECT_EQ(*cache.GetByStr<std::string>("b"), value);
}

TEST(CompressionTest, ALoadedValueIsCompressedLikeASetValue) {
  MapCache cache;
  EXPECT_EQ(cache.GetVia(PageKey(), [] { return std::string("secret"); }),
            "secret");
  EXPECT_TRUE(IsCompressedAt(cache, "pyappcache/page"));
  EXPECT_EQ(cache.GetVia(PageKey(), [] { return std::string("again"); }),
            "secret");
}

TEST(CompressionTest, ADamagedValueIsCorrupt) {
  MapCache cache;
  ASSERT_TRUE(cache.backend()
                  ->SetRaw("pyappcache/page", "\x1f\x8b damaged", kNoTtl)
                  .ok());
  const Lookup<std::string> found = cache.Get(PageKey());
  EXPECT_FALSE(found);
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
}

// It would be decompressed when read if it were stored unchanged.
TEST(CompressionTest, AValueWithTheMagicBytesIsReturnedUnchanged) {
  MapCache cache;
  const Result<Bytes> gzipped = GzipCompressor()->Compress("a page");
  ASSERT_TRUE(gzipped.ok());
  for (const std::string& value :
       {std::string(kMagic) + "not really", std::string(gzipped->view())}) {
    ASSERT_TRUE(cache.SetByStr("a", value).ok());
    EXPECT_EQ(*cache.GetByStr<std::string>("a"), value);
    using Entry = std::pair<Key<std::string>, std::string>;
    const std::vector<Entry> entries = {{Key<std::string>("b"), value}};
    ASSERT_TRUE(cache.SetMany(std::span<const Entry>(entries)).ok());
    EXPECT_EQ(*cache.Get(Key<std::string>("b")), value);
  }
}

TEST(CompressionTest, AnInflatedValueOverTheLimitIsCorrupt) {
  CacheOptions options;
  options.max_inflated_bytes = 1000;
  MapCache cache(options);
  for (const size_t size : {1000, 1001}) {
    ASSERT_TRUE(cache
                    .SetByStr("a", std::string(size, 'x'), kNoTtl,
                              Compression::kCompress)
                    .ok());
    EXPECT_EQ(cache.GetByStr<std::string>("a").is_hit(), size == 1000);
  }
  EXPECT_EQ(cache.GetByStr<std::string>("a").error().code, ErrorCode::kCorrupt);
}

// "Compresses" by prepending a "z".
class FakeCompressor final : public Compressor {
 public:
  bool IsCompressed(std::string_view bytes) const noexcept override {
    return bytes.starts_with('z');
  }
  Result<Bytes> Compress(std::string_view bytes) const override {
    if (bytes == "incompressible") {
      return Status(ErrorCode::kInternal, "cannot be compressed");
    }
    return Bytes::Copy("z" + std::string(bytes));
  }
  Result<Bytes> Decompress(std::string_view bytes, size_t) const override {
    return Bytes::Copy(bytes.substr(1));
  }
};

class OtherCompressorTest : public testing::Test {
 protected:
  static CacheOptions Options() {
    CacheOptions options;
    options.compressor = std::make_shared<const FakeCompressor>();
    return options;
  }
  Status SetCompressed(const std::string& value) {
    return cache_.SetByStr("a", value, kNoTtl, Compression::kCompress);
  }
  MapCache cache_{Options()};
};

TEST_F(OtherCompressorTest, AnotherCompressorReplacesTheDefault) {
  ASSERT_TRUE(SetCompressed("value").ok());
  EXPECT_EQ(cache_.StoredAt("pyappcache/a"), "zvalue");
  EXPECT_EQ(*cache_.GetByStr<std::string>("a"), "value");
}

TEST_F(OtherCompressorTest, ACompressorThatFailsIsAnErrorAndNothingIsStored) {
  EXPECT_TRUE(SetCompressed("incompressible").Is(ErrorCode::kInternal));
  EXPECT_EQ(cache_.size(), 0u);
}

}  // namespace
}  // namespace appcache::compression_test
