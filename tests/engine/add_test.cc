// AddRaw: what it stores, evicts and counts. (That of many one adds, and that a
// refused one changes nothing: tests/conformance. The order of uses:
// property_test.)

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::add_test {
namespace {

class AddTest : public testing::Test {
 protected:
  AddTest() {
    options_.clock = clock_;
    options_.max_entries = 3;
    options_.max_bytes = 100;
    options_.expiry_sweep_interval = std::chrono::hours(1);
    cache_ = Open();
  }
  ~AddTest() override { EXPECT_EQ(ProblemsIn(*cache_), Strings()); }

  std::unique_ptr<SqliteCache> Open() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }

  // "true", "false", or the error.
  std::string Add(std::string_view path, std::string_view value = "value",
                  Ttl ttl = kNoTtl) {
    const Result<bool> added = cache_->backend()->AddRaw(path, value, ttl);
    if (!added.ok()) return added.status().ToString();
    return *added ? "true" : "false";
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(AddTest, AnAddEvictsTheLeastRecentlyUsed) {
  for (const char* const path : {"a", "b", "c"}) EXPECT_EQ(Add(path), "true");
  Get(*cache_, "a");
  EXPECT_EQ(Add("d"), "true");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
  EXPECT_EQ(cache_->Stats().evictions, 1u);
}

TEST_F(AddTest, ARefusedAddIsNoUseAndEvictsNothing) {
  for (const char* const path : {"a", "b", "c"}) EXPECT_EQ(Add(path), "true");
  EXPECT_EQ(Add("a", std::string(99, 'v')), "false");
  EXPECT_EQ(cache_->Stats().evictions, 0u);
  EXPECT_EQ(Add("d"), "true");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "c", "d"}));
}

TEST_F(AddTest, WhatHasEndedIsReplacedThoughItIsStillStored) {
  EXPECT_EQ(Add("a", "first", Ttl(10)), "true");
  clock_->Advance(Ttl(9));
  EXPECT_EQ(Add("a", "second"), "false");
  clock_->Advance(Ttl(1));
  EXPECT_EQ(cache_->Stats().entries, 1u);
  EXPECT_EQ(Add("a", "third"), "true");
  EXPECT_EQ(Get(*cache_, "a"), "third");
  EXPECT_EQ(cache_->Stats().entries, 1u);
}

TEST_F(AddTest, AnAddThatIsTooLargeLeavesTheOldValue) {
  Set(*cache_, "a", "old");
  EXPECT_TRUE(cache_->backend()
                  ->AddRaw("a", std::string(100, 'v'), kNoTtl)
                  .status()
                  .Is(ErrorCode::kTooLarge));
  EXPECT_EQ(Get(*cache_, "a"), "old");
}

TEST_F(AddTest, WhatIsAddedCountsAsASet) {
  EXPECT_EQ(Add("a"), "true");
  EXPECT_EQ(Add("a"), "false");
  EXPECT_FALSE(
      cache_->backend()->AddRaw("a", std::string(100, 'v'), kNoTtl).ok());
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.sets, 1u);
  EXPECT_EQ(stats.write_errors, 1u);
  EXPECT_EQ(stats.bytes, 6u);
}

// Another path's entry is none of this one's, and the later replaces it, as a
// set does.
TEST_F(AddTest, APathWithTheHashOfAnotherIsAdded) {
  Set(*cache_, "a", "another's");
  ASSERT_TRUE(cache_->Close().ok());
  PlainSqlite(file_).Run("UPDATE entries SET key = CAST('b' AS BLOB)");
  cache_ = Open();
  EXPECT_EQ(Add("a"), "true");
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(cache_->Stats().entries, 1u);
  EXPECT_EQ(cache_->Stats().bytes, 6u);
}

}  // namespace
}  // namespace appcache::add_test
