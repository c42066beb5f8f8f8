// Any bytes make a value, up to the limits.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/unsynced_vfs.h"
#include "tests/support/random.h"

namespace appcache::hostile_values_test {
namespace {

void ExpectTooLarge(const Status& status, uint64_t bytes, uint64_t limit) {
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  const std::string words = "an entry has " + std::to_string(bytes) +
                            " bytes; the limit is " + std::to_string(limit);
  EXPECT_NE(status.ToString().find(words), std::string::npos)
      << status.ToString();
}

TEST(HostileValuesTest, AreKeptAsTheyAre) {
  RandomSource random;
  const auto cache = Must(SqliteCache::OpenInMemory({}, "values"));
  std::vector<std::string> values = {"", std::string(1, '\0'),
                                     std::string(1000, '\0'), "NULL", "0"};
  for (int byte = 0; byte < 256; ++byte) {
    values.emplace_back(1, static_cast<char>(byte));
  }
  // About a page, and about the sizes at which pages overflow.
  for (size_t size = 4000; size < 4200; size += 7) {
    values.push_back(random.String(size));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    Set(*cache, std::to_string(i), values[i]);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const Lookup<Bytes> found = cache->backend()->GetRaw(std::to_string(i));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->view() == values[i]) << i;
  }
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST(HostileValuesTest, AnEmptyOneIsAHit) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "empty"));
  Set(*cache, "a", "");
  const Lookup<Bytes> found = cache->backend()->GetRaw("a");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

void ExpectRoundTrip(SqliteCache& cache, size_t size) {
  std::string value(size, '\0');
  for (size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 7 >> 3);
  Set(cache, "large", value);
  const Lookup<Bytes> found = cache.backend()->GetRaw("large");
  ASSERT_TRUE(found) << found.status().ToString();
  EXPECT_TRUE(found->view() == value);
  EXPECT_EQ(cache.Stats().bytes, size + 5);
}

constexpr size_t kLarge = 100'000'000;

TEST(HostileValuesTest, OneOf100MegabytesWorksInMemory) {
  ExpectRoundTrip(*Must(SqliteCache::OpenInMemory({}, "large")), kLarge);
}

TEST(HostileValuesTest, OneOf100MegabytesWorksInAFile) {
  const Scratch scratch;
  SqliteCacheOptions options;
  options.vfs = UnsyncedVfs();
  const std::string file = scratch.Path("cache.db");
  {
    const auto cache = Must(SqliteCache::OpenFile(file, options));
    ExpectRoundTrip(*cache, kLarge);
    // Its log, larger than max_log_bytes, holds nobody up.
    Set(*cache, "small");
    Set(*cache, "small");
  }
  const auto cache = Must(SqliteCache::OpenFile(file, options));
  EXPECT_EQ(cache->backend()->GetRaw("large")->size(), kLarge);
  EXPECT_EQ(Get(*cache, "small"), "value");
}

TEST(TooLargeTest, AValueOverMaxBytesIsRefusedAndTheOldOneGone) {
  SqliteCacheOptions options;
  options.max_bytes = 100;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "too large"));
  Set(*cache, "a", "old");
  Set(*cache, "b", "other");
  ExpectTooLarge(cache->backend()->SetRaw("a", std::string(100, 'x'), kNoTtl),
                 101, 100);
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_EQ(Get(*cache, "b"), "other");
  EXPECT_EQ(cache->Stats().bytes, 6u);
  EXPECT_EQ(cache->Stats().evictions, 0u);
  Set(*cache, "a", std::string(94, 'x'));
  EXPECT_EQ(cache->Stats().bytes, 95u);
}

TEST(TooLargeTest, InABatchItIsTheOnlyOneThatIsNotStored) {
  SqliteCacheOptions options;
  options.max_bytes = 100;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "batch"));
  Set(*cache, "b", "old");
  const std::string large(100, 'x');
  const RawEntry entries[] = {{"a", "1"}, {"b", large}, {"c", "3"}};
  ExpectTooLarge(cache->backend()->SetManyRaw(entries), 101, 100);
  EXPECT_EQ(Get(*cache, "a"), "1");
  EXPECT_EQ(Get(*cache, "b"), "<miss>");
  EXPECT_EQ(Get(*cache, "c"), "3");
}

TEST(TooLargeTest, ABatchCountsWhatWasStoredAndWhatWasNot) {
  SqliteCacheOptions options;
  options.max_bytes = 100;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "batch counts"));
  const std::string large(100, 'x');
  const RawEntry entries[] = {{"a", "1"}, {"b", large}, {"c", "3"}};
  EXPECT_FALSE(cache->backend()->SetManyRaw(entries).ok());
  EXPECT_EQ(cache->Stats().sets, 2u);
  EXPECT_EQ(cache->Stats().write_errors, 1u);
}

// Without max_bytes too, and before a byte of it is looked at.
TEST(TooLargeTest, NoValueIsLargerThanSqliteTakes) {
  constexpr size_t kSize = SqliteCache::kMaxValueBytes + 1;
  void* const memory = mmap(nullptr, kSize, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::string_view value(static_cast<const char*>(memory), kSize);
  const auto cache = Must(SqliteCache::OpenInMemory({}, "larger"));
  Set(*cache, "a", "old");
  ExpectTooLarge(cache->backend()->SetRaw("a", value, kNoTtl), kSize + 1,
                 SqliteCache::kMaxValueBytes);
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_EQ(munmap(memory, kSize), 0);
}

TEST(TooLargeTest, AKeyAloneMayBeTooLarge) {
  SqliteCacheOptions options;
  options.max_bytes = 10;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "key"));
  ExpectTooLarge(cache->backend()->SetRaw("12345678901", "", kNoTtl), 11, 10);
  Set(*cache, "1234567890", "");
  EXPECT_EQ(Get(*cache, "1234567890"), "");
}

}  // namespace
}  // namespace appcache::hostile_values_test
