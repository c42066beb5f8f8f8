// InvalidatePrefixRaw: what it leaves behind, and that it is done in steps.
// (What begins with what: tests/conformance. The order of uses: property_test.)

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/unsynced_vfs.h"

namespace appcache::prefix_test {
namespace {

class PrefixTest : public testing::Test {
 protected:
  PrefixTest() {
    options_.max_entries = 1'000'000;
    options_.vfs = UnsyncedVfs();
    cache_ = Open();
  }
  ~PrefixTest() override { EXPECT_EQ(ProblemsIn(*cache_), Strings()); }

  std::unique_ptr<SqliteCache> Open() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }

  void SetMany(const std::string& prefix, int count, size_t value_bytes) {
    const std::string value(value_bytes, 'v');
    std::vector<std::string> paths;
    for (int i = 0; i < count; ++i) paths.push_back(prefix + std::to_string(i));
    // Some at a time: the log is not to be long before the test begins.
    for (size_t at = 0; at < paths.size(); at += 1000) {
      std::vector<RawEntry> entries;
      for (size_t i = at; i < std::min(at + 1000, paths.size()); ++i) {
        entries.push_back({paths[i], value});
      }
      const Status set = cache_->backend()->SetManyRaw(entries);
      ASSERT_TRUE(set.ok()) << set.ToString();
    }
  }

  uint64_t LogBytes() const {
    return std::filesystem::file_size(file_ + "-wal");
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(PrefixTest, WhatIsRemovedIsCounted) {
  SetMany("p/", 5000, 10);
  SetMany("q/", 100, 10);
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.entries, 100u);
  EXPECT_EQ(stats.invalidations, 5000u);
  EXPECT_EQ(stats.evictions, 0u);
  EXPECT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_TRUE(cache_->backend()->InvalidatePrefixRaw("").ok());
  stats = cache_->Stats();
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.bytes, 0u);
  EXPECT_EQ(stats.invalidations, 5100u);
  EXPECT_EQ(stats.write_errors, 0u);
}

// In one transaction it would be as long as what is removed. The reader keeps
// the log from restarting, so that its size is the largest that it had.
TEST_F(PrefixTest, TheLogIsBounded) {
  SetMany("p/", 40'000, 500);
  ASSERT_TRUE(cache_->Close().ok());
  options_.max_log_bytes = uint64_t{9} << 20;
  options_.busy_timeout = std::chrono::milliseconds(20);
  cache_ = Open();
  {
    PlainSqlite reader(file_);
    reader.Run("BEGIN");
    ASSERT_EQ(reader.Int("SELECT count(*) FROM entries"), 40'000);
    EXPECT_TRUE(
        cache_->backend()->InvalidatePrefixRaw("p/").Is(ErrorCode::kBusy));
    // The last step began below the limit, and wrote less than 1 MiB.
    EXPECT_LT(LogBytes(), 10u << 20);
    EXPECT_EQ(reader.Int("SELECT count(*) FROM entries"), 40'000);
  }
  EXPECT_LT(cache_->Stats().entries, 40'000u);
  ASSERT_TRUE(cache_->Close().ok());
  options_.busy_timeout = std::chrono::minutes(1);
  cache_ = Open();
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(cache_->Stats().entries, 0u);
}

TEST_F(PrefixTest, LargeValuesAreRemovedToo) {
  SetMany("p/", 40, size_t{1} << 20);
  SetMany("q/", 1, size_t{1} << 20);
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(PathsIn(*cache_), StringSet{"q/0"});
}

// It is the key that begins so, not the path whose hash it is found under.
TEST_F(PrefixTest, APathWithTheHashOfAnotherGoesByItsOwnName) {
  Set(*cache_, "p/a");
  ASSERT_TRUE(cache_->Close().ok());
  PlainSqlite(file_).Run("UPDATE entries SET key = CAST('q/a' AS BLOB)");
  cache_ = Open();
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(PathsIn(*cache_), StringSet{"q/a"});
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("q/").ok());
  EXPECT_EQ(cache_->Stats().entries, 0u);
}

TEST_F(PrefixTest, AClosedCacheIsUnavailable) {
  ASSERT_TRUE(cache_->Close().ok());
  EXPECT_TRUE(
      cache_->backend()->InvalidatePrefixRaw("p").Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(
      cache_->backend()->InvalidatePrefixRaw("").Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(cache_->backend()
                  ->AddRaw("p", "v", kNoTtl)
                  .status()
                  .Is(ErrorCode::kUnavailable));
  cache_ = Open();
}

}  // namespace
}  // namespace appcache::prefix_test
