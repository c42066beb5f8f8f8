// InvalidatePrefixRaw, where Traits().supports_prefix_invalidation.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

TEST_P(ConformanceTest, WithoutSupportInvalidatePrefixRemovesNothing) {
  if (cache_->Traits().supports_prefix_invalidation) return;
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  EXPECT_TRUE(backend().InvalidatePrefixRaw("p/").Is(ErrorCode::kUnsupported));
  EXPECT_EQ(StoredAt("p/a"), "v");
}

// Wildcards and delimiters have no special meaning.
TEST_P(ConformanceTest, APrefixIsComparedByteByByte) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  using namespace std::string_view_literals;
  const std::vector<std::string_view> paths = {"p"sv,
                                               "p/"sv,
                                               "p/a"sv,
                                               "p/a/b"sv,
                                               "p/b"sv,
                                               "pa"sv,
                                               "q/p/"sv,
                                               "P/a"sv,
                                               "p*"sv,
                                               "p*/a"sv,
                                               "p?x"sv,
                                               "p[a]"sv,
                                               "p\\"sv,
                                               "p\\a"sv,
                                               "p\0a"sv,
                                               "p\xff"sv,
                                               "p\xff\xff"sv,
                                               "p\xff\xff"
                                               "a"sv,
                                               "p_a"sv,
                                               "p%a"sv,
                                               ""sv,
                                               "\xfe"sv,
                                               "\xff"sv,
                                               "\xff\xff"sv,
                                               "\xff\xff\xff"sv};
  for (const std::string_view prefix :
       {"p/"sv, "p/a"sv, "p*"sv, "p?"sv, "p["sv, "p[a]"sv, "p\\"sv, "p\0"sv,
        "p\xff"sv, "p\xff\xff"sv, "p_"sv, "p%"sv, "p"sv, "none"sv, "\xff"sv,
        "\xff\xff"sv, ""sv}) {
    for (const std::string_view path : paths) {
      ASSERT_TRUE(backend().SetRaw(path, "v", kNoTtl).ok());
    }
    const Status status = backend().InvalidatePrefixRaw(prefix);
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (const std::string_view path : paths) {
      EXPECT_EQ(StoredAt(path), path.starts_with(prefix) ? "<miss>" : "v")
          << testing::PrintToString(std::string(path)) << " after "
          << testing::PrintToString(std::string(prefix));
    }
  }
}

TEST_P(ConformanceTest, APrefixRemovesManyEntries) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  constexpr int kEntries = 3'000;
  const auto path = [](std::string_view prefix, int i) {
    return std::string(prefix) + std::to_string(i);
  };
  for (const std::string_view prefix : {"p/", "q/"}) {
    for (int i = 0; i < kEntries; ++i) {
      ASSERT_TRUE(backend().SetRaw(path(prefix, i), "v", kNoTtl).ok());
    }
  }
  ASSERT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
  int remaining = 0;
  for (int i = 0; i < kEntries; ++i) {
    EXPECT_EQ(StoredAt(path("p/", i)), "<miss>");
    remaining += StoredAt(path("q/", i)) == "v" ? 1 : 0;
  }
  EXPECT_EQ(remaining, kEntries);
}

// Some backends store long paths under a hash.
TEST_P(ConformanceTest, APrefixRemovesLongPaths) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  for (const size_t bytes : {250, 251, 510, 511, 512, 5'000}) {
    if (bytes > cache_->Traits().max_key_bytes) continue;
    const std::string of_prefix = "p/" + std::string(bytes - 2, 'x');
    const std::string of_other = "q/" + std::string(bytes - 2, 'x');
    ASSERT_TRUE(backend().SetRaw(of_prefix, "v", kNoTtl).ok());
    ASSERT_TRUE(backend().SetRaw(of_other, "v", kNoTtl).ok());
    ASSERT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
    EXPECT_EQ(StoredAt(of_prefix), "<miss>") << bytes;
    EXPECT_EQ(StoredAt(of_other), "v") << bytes;
    // Differs only in the last byte, which such a backend does not keep.
    std::string of_near = of_other;
    of_near[bytes - 2] = 'y';
    ASSERT_TRUE(backend().SetRaw(of_near, "v", kNoTtl).ok());
    const std::string_view prefix(of_other);
    ASSERT_TRUE(
        backend().InvalidatePrefixRaw(prefix.substr(0, bytes - 1)).ok());
    EXPECT_EQ(StoredAt(of_other), "<miss>") << bytes;
    EXPECT_EQ(StoredAt(of_near), "v") << bytes;
  }
}

TEST_P(ConformanceTest, APrefixOverTheKeyLimitIsInvalid) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  const uint64_t most = cache_->Traits().max_key_bytes;
  if (most > 64 << 20) return;  // out of reach of a test
  const std::string longest(most, 'k');
  ASSERT_TRUE(backend().SetRaw(longest, "v", kNoTtl).ok());
  EXPECT_TRUE(
      backend().InvalidatePrefixRaw(longest + 'k').Is(ErrorCode::kInvalidKey));
  EXPECT_EQ(StoredAt(longest), "v");
  EXPECT_TRUE(backend().InvalidatePrefixRaw(longest).ok());
  EXPECT_EQ(StoredAt(longest), "<miss>");
}

TEST_P(ConformanceTest, EntriesSetAfterAPrefixWasRemovedKeepTheirOwnTtl) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  ASSERT_TRUE(backend().SetRaw("p/expired", "v", Units(1)).ok());
  ASSERT_TRUE(backend().SetRaw("p/expires", "v", Units(3)).ok());
  ASSERT_TRUE(backend().SetRaw("q/expires", "v", Units(3)).ok());
  EXPECT_EQ(StoredAt("p/expires"), "v");
  PassTime(1);
  ASSERT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
  ASSERT_TRUE(backend().SetRaw("p/expires", "w", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("p/expired", "w", kNoTtl).ok());
  PassTime(2);
  EXPECT_EQ(StoredAt("p/expires"), "w");
  EXPECT_EQ(StoredAt("p/expired"), "w");
  EXPECT_EQ(StoredAt("q/expires"), "<miss>");
}

TEST_P(ConformanceTest, CachesOnOnePlaceSharePrefixInvalidation) {
  const BackendTraits traits = cache_->Traits();
  if (!traits.supports_prefix_invalidation || !traits.is_shared) return;
  const std::shared_ptr<Cache> other = Open();
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("q/a", "v", kNoTtl).ok());
  ASSERT_TRUE(other->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
  EXPECT_EQ(StoredAt("q/a"), "v");
}

TEST_P(ConformanceTest, InvalidatePrefixAddsThePrefixOfTheCache) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  const std::string own = cache_->prefix();
  for (const std::string& path :
       {own + "/user/7/a", own + "/user/70", own + "x/user/7/a"}) {
    ASSERT_TRUE(backend().SetRaw(path, "v", kNoTtl).ok());
  }
  ASSERT_TRUE(cache_->InvalidatePrefix("user/7/").ok());
  EXPECT_EQ(StoredAt(own + "/user/7/a"), "<miss>");
  EXPECT_EQ(StoredAt(own + "/user/70"), "v");
  ASSERT_TRUE(cache_->InvalidatePrefix("").ok());
  EXPECT_EQ(StoredAt(own + "/user/70"), "<miss>");
  EXPECT_EQ(StoredAt(own + "x/user/7/a"), "v");
}

}  // namespace
}  // namespace appcache
