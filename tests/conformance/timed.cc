// Timed gets: a value and its remaining ttl, as GetRaw and TtlRaw return them.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

// Compares a timed get with the single operations. A server's clock advances by
// itself, so the ttl of the timed get is between those before and after it.
void ExpectEqualsSingleReads(Backend& backend, std::string_view path) {
  const Lookup<Ttl> before = backend.TtlRaw(path);
  const Lookup<TimedBytes> found = backend.GetTimedRaw(path);
  const Lookup<Ttl> after = backend.TtlRaw(path);
  const Lookup<Bytes> value = backend.GetRaw(path);
  EXPECT_TRUE(found.status().ok()) << found.status().ToString();
  ASSERT_EQ(found.is_hit(), value.is_hit());
  ASSERT_EQ(found.is_hit(), before.is_hit() && after.is_hit());
  if (!found) return;
  EXPECT_TRUE(found->value == *value);
  EXPECT_LE(found->remaining_ttl, *before);
  EXPECT_LE(*after, found->remaining_ttl);
}

TEST_P(ConformanceTest, ATimedGetReturnsWhatGetAndTtlReturn) {
  if (!cache_->Traits().supports_ttl_query) return;
  const std::string long_key(400, 'k');
  const std::string longer_key(5000, 'k');
  const std::array keys = {
      "p/a"sv,  std::string_view(long_key), std::string_view(longer_key),
      ""sv,     "with a space"sv,           "p\r\n"sv,
      "p/a\0"sv};
  const std::array values = {"value"sv, ""sv, "\0\r\n"sv};
  for (const std::string_view key : keys) {
    SCOPED_TRACE(key);
    ExpectEqualsSingleReads(backend(), key);  // a miss
    for (const std::string_view value : values) {
      for (const Ttl ttl : {Units(10), kNoTtl, Units(1)}) {
        ASSERT_TRUE(backend().SetRaw(key, value, ttl).ok());
        const Lookup<TimedBytes> found = backend().GetTimedRaw(key);
        ASSERT_TRUE(found) << found.status().ToString();
        EXPECT_EQ(found->value.view(), value);
        EXPECT_LE(found->remaining_ttl, ttl);
        EXPECT_EQ(found->remaining_ttl == kNoTtl, ttl == kNoTtl);
        ExpectEqualsSingleReads(backend(), key);
      }
    }
  }
}

TEST_P(ConformanceTest, TheRemainingTtlDecreasesUntilExpiry) {
  if (!cache_->Traits().supports_ttl_query) return;
  ASSERT_TRUE(backend().SetRaw("p/a", "v", Units(4)).ok());
  ASSERT_TRUE(backend().SetRaw("p/b", "v", kNoTtl).ok());
  for (int passed = 1; passed < 4; ++passed) {
    PassTime(1);
    const Lookup<TimedBytes> found = backend().GetTimedRaw("p/a");
    ASSERT_TRUE(found) << found.status().ToString();
    EXPECT_LE(found->remaining_ttl, Units(4 - passed));
    ExpectEqualsSingleReads(backend(), "p/a");
  }
  PassTime(1);
  EXPECT_FALSE(backend().GetTimedRaw("p/a"));
  ExpectEqualsSingleReads(backend(), "p/a");
  const Lookup<TimedBytes> other = backend().GetTimedRaw("p/b");
  ASSERT_TRUE(other) << other.status().ToString();
  EXPECT_EQ(other->remaining_ttl, kNoTtl);
}

TEST_P(ConformanceTest, ATimedBatchReturnsWhatTimedGetsReturn) {
  if (!cache_->Traits().supports_ttl_query) return;
  const std::string long_key(5000, 'k');
  const std::array<RawEntry, 5> entries = {{{"p/a", "1", kNoTtl},
                                            {"p/b", "2", Units(5)},
                                            {"p/c", "", Units(50)},
                                            {"p/expires", "4", Units(1)},
                                            {long_key, "5", Units(500)}}};
  ASSERT_TRUE(backend().SetManyRaw(entries).ok());
  PassTime(1);
  const std::array<std::string_view, 8> paths = {
      long_key, "p/none", "p/b", "p/a", "p/expires", "p/b", "p/c", "p/none"};
  std::vector<Ttl> before;
  for (const auto path : paths) {
    before.push_back(backend().TtlRaw(path).value_or(kNoTtl));
  }
  const auto found = backend().GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    SCOPED_TRACE(i);
    const Lookup<TimedBytes> one = backend().GetTimedRaw(paths[i]);
    EXPECT_TRUE(found[i].status().ok()) << found[i].status().ToString();
    ASSERT_EQ(found[i].is_hit(), one.is_hit());
    if (!one) continue;
    EXPECT_TRUE(found[i]->value == one->value);
    EXPECT_LE(found[i]->remaining_ttl, before[i]);
    EXPECT_LE(one->remaining_ttl, found[i]->remaining_ttl);
  }
  EXPECT_TRUE(found[2] && found[3] && found[5] && !found[4]);
  EXPECT_TRUE(backend().GetManyTimedRaw({}).empty());
}

TEST_P(ConformanceTest, ALargeTimedBatchWorks) {
  if (!cache_->Traits().supports_ttl_query) return;
  constexpr size_t kEntries = 2500;
  std::vector<std::string> names;
  for (size_t i = 0; i < kEntries; ++i) {
    names.push_back("p/" + std::to_string(i));
  }
  std::vector<RawEntry> entries;
  for (const std::string& name : names) {
    entries.push_back({name, name, entries.size() % 2 ? kNoTtl : Units(20)});
  }
  ASSERT_TRUE(backend().SetManyRaw(entries).ok());
  const std::vector<std::string_view> paths(names.begin(), names.end());
  const auto found = backend().GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), kEntries);
  for (size_t i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(found[i].is_hit()) << found[i].status().ToString();
    ASSERT_EQ(found[i]->value.view(), paths[i]);
    ASSERT_EQ(found[i]->remaining_ttl == kNoTtl, i % 2 == 1);
  }
}

// A backend that does not count has zeros in both.
TEST_P(ConformanceTest, ATimedGetCountsAsAGet) {
  if (!cache_->Traits().supports_ttl_query) return;
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  const std::array paths = {"p/a"sv, "p/none"sv, "p/a"sv};
  const CacheStats before = cache_->Stats();
  for (const std::string_view path : paths)
    (void)backend().GetRaw(path).is_hit();
  const CacheStats gets = cache_->Stats();
  for (const std::string_view path : paths) {
    (void)backend().GetTimedRaw(path).is_hit();
  }
  EXPECT_EQ(backend().GetManyTimedRaw(paths).size(), paths.size());
  const CacheStats after = cache_->Stats();
  EXPECT_EQ(after.hits - gets.hits, 2 * (gets.hits - before.hits));
  EXPECT_EQ(after.misses - gets.misses, 2 * (gets.misses - before.misses));
  EXPECT_EQ(after.read_errors, 0u);
}

TEST_P(ConformanceTest, ATimedGetOfAKeyOverTheLimitIsInvalid) {
  const uint64_t limit = cache_->Traits().max_key_bytes;
  // Longer keys are out of reach of a test.
  if (!cache_->Traits().supports_ttl_query || limit > uint64_t{64} << 20)
    return;
  const std::string key(limit + 1, 'k');
  const std::string_view view = key;
  EXPECT_TRUE(backend().GetTimedRaw(key).status().Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(backend().GetManyTimedRaw({&view, 1})[0].status().Is(
      ErrorCode::kInvalidKey));
}

TEST_P(ConformanceTest, WithoutTtlQueriesATimedGetIsUnsupported) {
  if (cache_->Traits().supports_ttl_query) return;
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  const std::array paths = {"p/a"sv, "p/none"sv};
  const auto found = backend().GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), 2u);
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_TRUE(found[i].status().Is(ErrorCode::kUnsupported));
    EXPECT_TRUE(
        backend().GetTimedRaw(paths[i]).status().Is(ErrorCode::kUnsupported));
  }
}

}  // namespace
}  // namespace appcache
