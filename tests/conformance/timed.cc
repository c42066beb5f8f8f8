// Values together with what is left of their ttls: as the get and the ttl say,
// one by one.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cache.h"
#include "tests/conformance/conformance.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

// The timed get and what surrounds it: a server's clock moves on by itself, so
// what it tells is between what is told before and after.
void ExpectAsOneByOne(Cache& cache, std::string_view path) {
  const Lookup<Ttl> before = cache.TtlRaw(path);
  const Lookup<TimedBytes> found = cache.GetTimedRaw(path);
  const Lookup<Ttl> after = cache.TtlRaw(path);
  const Lookup<Bytes> value = cache.GetRaw(path);
  EXPECT_TRUE(found.status().ok()) << found.status().ToString();
  ASSERT_EQ(found.is_hit(), value.is_hit());
  ASSERT_EQ(found.is_hit(), before.is_hit() && after.is_hit());
  if (!found) return;
  EXPECT_TRUE(found->value == *value);
  EXPECT_LE(found->left, *before);
  EXPECT_LE(*after, found->left);
}

TEST_P(ConformanceTest, ATimedGetIsTheGetAndTheTtl) {
  if (!cache_->Traits().tells_ttl) return;
  const std::string long_key(400, 'k');
  const std::string longer_key(5000, 'k');
  const std::array keys = {
      "p/a"sv,  std::string_view(long_key), std::string_view(longer_key),
      ""sv,     "with a blank"sv,           "p\r\n"sv,
      "p/a\0"sv};
  const std::array values = {"value"sv, ""sv, "\0\r\n"sv};
  for (const std::string_view key : keys) {
    SCOPED_TRACE(key);
    ExpectAsOneByOne(*cache_, key);  // a miss
    for (const std::string_view value : values) {
      for (const Ttl ttl : {Units(10), kNoTtl, Units(1)}) {
        ASSERT_TRUE(cache_->SetRaw(key, value, ttl).ok());
        const Lookup<TimedBytes> found = cache_->GetTimedRaw(key);
        ASSERT_TRUE(found) << found.status().ToString();
        EXPECT_EQ(found->value.view(), value);
        EXPECT_LE(found->left, ttl);
        EXPECT_EQ(found->left == kNoTtl, ttl == kNoTtl);
        ExpectAsOneByOne(*cache_, key);
      }
    }
  }
}

TEST_P(ConformanceTest, ATimedGetTellsLessAndLessUntilTheEntryEnds) {
  if (!cache_->Traits().tells_ttl) return;
  ASSERT_TRUE(cache_->SetRaw("p/a", "v", Units(4)).ok());
  ASSERT_TRUE(cache_->SetRaw("p/b", "v", kNoTtl).ok());
  for (int passed = 1; passed < 4; ++passed) {
    PassTime(1);
    const Lookup<TimedBytes> found = cache_->GetTimedRaw("p/a");
    ASSERT_TRUE(found) << found.status().ToString();
    EXPECT_LE(found->left, Units(4 - passed));
    ExpectAsOneByOne(*cache_, "p/a");
  }
  PassTime(1);
  EXPECT_FALSE(cache_->GetTimedRaw("p/a"));
  ExpectAsOneByOne(*cache_, "p/a");
  const Lookup<TimedBytes> other = cache_->GetTimedRaw("p/b");
  ASSERT_TRUE(other) << other.status().ToString();
  EXPECT_EQ(other->left, kNoTtl);
}

TEST_P(ConformanceTest, ATimedBatchIsItsTimedGetsInOrder) {
  if (!cache_->Traits().tells_ttl) return;
  const std::string long_key(5000, 'k');
  const std::array<Cache::RawEntry, 5> entries = {
      {{"p/a", "1", kNoTtl},
       {"p/b", "2", Units(5)},
       {"p/c", "", Units(50)},
       {"p/ends", "4", Units(1)},
       {long_key, "5", Units(500)}}};
  ASSERT_TRUE(cache_->SetManyRaw(entries).ok());
  PassTime(1);
  const std::array<std::string_view, 8> paths = {
      long_key, "p/none", "p/b", "p/a", "p/ends", "p/b", "p/c", "p/none"};
  std::vector<Ttl> before;
  for (const auto path : paths) {
    before.push_back(cache_->TtlRaw(path).value_or(kNoTtl));
  }
  const auto found = cache_->GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    SCOPED_TRACE(i);
    const Lookup<TimedBytes> one = cache_->GetTimedRaw(paths[i]);
    EXPECT_TRUE(found[i].status().ok()) << found[i].status().ToString();
    ASSERT_EQ(found[i].is_hit(), one.is_hit());
    if (!one) continue;
    EXPECT_TRUE(found[i]->value == one->value);
    EXPECT_LE(found[i]->left, before[i]);
    EXPECT_LE(one->left, found[i]->left);
  }
  EXPECT_TRUE(found[2] && found[3] && found[5] && !found[4]);
  EXPECT_TRUE(cache_->GetManyTimedRaw({}).empty());
}

TEST_P(ConformanceTest, ALargeTimedBatchIsABatch) {
  if (!cache_->Traits().tells_ttl) return;
  constexpr size_t kEntries = 2500;
  std::vector<std::string> names;
  for (size_t i = 0; i < kEntries; ++i) {
    names.push_back("p/" + std::to_string(i));
  }
  std::vector<Cache::RawEntry> entries;
  for (const std::string& name : names) {
    entries.push_back({name, name, entries.size() % 2 ? kNoTtl : Units(20)});
  }
  ASSERT_TRUE(cache_->SetManyRaw(entries).ok());
  const std::vector<std::string_view> paths(names.begin(), names.end());
  const auto found = cache_->GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), kEntries);
  for (size_t i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(found[i].is_hit()) << found[i].status().ToString();
    ASSERT_EQ(found[i]->value.view(), paths[i]);
    ASSERT_EQ(found[i]->left == kNoTtl, i % 2 == 1);
  }
}

// A backend that counts nothing counts nothing here either.
TEST_P(ConformanceTest, ATimedGetCountsAsAGet) {
  if (!cache_->Traits().tells_ttl) return;
  ASSERT_TRUE(cache_->SetRaw("p/a", "v", kNoTtl).ok());
  const std::array paths = {"p/a"sv, "p/none"sv, "p/a"sv};
  const CacheStats before = cache_->Stats();
  for (const std::string_view path : paths) (void)cache_->GetRaw(path).is_hit();
  const CacheStats gets = cache_->Stats();
  for (const std::string_view path : paths) {
    (void)cache_->GetTimedRaw(path).is_hit();
  }
  EXPECT_EQ(cache_->GetManyTimedRaw(paths).size(), paths.size());
  const CacheStats after = cache_->Stats();
  EXPECT_EQ(after.hits - gets.hits, 2 * (gets.hits - before.hits));
  EXPECT_EQ(after.misses - gets.misses, 2 * (gets.misses - before.misses));
  EXPECT_EQ(after.read_errors, 0u);
}

TEST_P(ConformanceTest, ATimedGetOfATooLongKeyIsInvalid) {
  const uint64_t limit = cache_->Traits().max_key_bytes;
  // Nobody has such a key.
  if (!cache_->Traits().tells_ttl || limit > uint64_t{64} << 20) return;
  const std::string key(limit + 1, 'k');
  const std::string_view view = key;
  EXPECT_TRUE(cache_->GetTimedRaw(key).status().Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(cache_->GetManyTimedRaw({&view, 1})[0].status().Is(
      ErrorCode::kInvalidKey));
}

TEST_P(ConformanceTest, WhereTtlsAreNotToldATimedGetIsUnsupported) {
  if (cache_->Traits().tells_ttl) return;
  ASSERT_TRUE(cache_->SetRaw("p/a", "v", kNoTtl).ok());
  const std::array paths = {"p/a"sv, "p/none"sv};
  const auto found = cache_->GetManyTimedRaw(paths);
  ASSERT_EQ(found.size(), 2u);
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_TRUE(found[i].status().Is(ErrorCode::kUnsupported));
    EXPECT_TRUE(
        cache_->GetTimedRaw(paths[i]).status().Is(ErrorCode::kUnsupported));
  }
}

}  // namespace
}  // namespace appcache
