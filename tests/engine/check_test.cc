// Check and CheckAndFix, on a cache that someone has written to by hand.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "engine/lru/hash.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::check_test {
namespace {

constexpr int64_t kSeed = 99;

class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    SqliteCacheOptions options;
    options.hash_seed = kSeed;
    cache_ = Must(SqliteCache::OpenFile(file_, options));
    for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  }

  static std::string HashOf(std::string_view path) {
    return std::to_string(lru::HashPath(path, kSeed));
  }

  // Harms the cache; Check then tells of these problems and mends nothing, and
  // CheckAndFix tells the same and leaves `left` in a cache that is sound.
  void ExpectMended(const std::string& harm, const Strings& problems,
                    const StringSet& left) {
    PlainSqlite(file_).Run(harm);
    for (int checks = 0; checks < 2; ++checks) {
      EXPECT_EQ(ProblemsIn(*cache_), problems);
    }
    const Result<CheckReport> fixed = cache_->CheckAndFix();
    ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
    EXPECT_EQ(fixed->problems, problems);
    EXPECT_EQ(fixed->entries, left.size());
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
    EXPECT_EQ(PathsIn(*cache_), left);
    EXPECT_EQ(cache_->Stats().entries, left.size());
    const PlainSqlite shell(file_);
    EXPECT_EQ(shell.Int("SELECT count(*) FROM usage"),
              shell.Int("SELECT count(*) FROM entries"));
    EXPECT_EQ(shell.Int("SELECT total_bytes FROM meta"),
              shell.Int("SELECT total(length(key) + length(value))"
                        " FROM entries"));
    Set(*cache_, "d");
    EXPECT_EQ(Get(*cache_, "d"), "value");
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(CheckTest, ASoundCacheHasNoProblems) {
  const Result<CheckReport> report = cache_->Check();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems, Strings());
  EXPECT_EQ(report->entries, 3u);
  EXPECT_EQ(report->bytes, 18u);
}

TEST_F(CheckTest, AnEmptyOneHasNone) {
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(cache_->CheckAndFix()->entries, 0u);
}

TEST_F(CheckTest, AnEntryWithoutUsageIsRemoved) {
  ExpectMended("DELETE FROM usage WHERE h = " + HashOf("a"),
               {"entry " + HashOf("a") + " has no row in usage",
                "meta counts 3 entries of 18 bytes; there are 2 of 12"},
               {"b", "c"});
}

TEST_F(CheckTest, UsageWithoutAnEntryIsRemoved) {
  ExpectMended("DELETE FROM entries WHERE h = " + HashOf("a"),
               {"usage row " + HashOf("a") + " belongs to no entry",
                "meta counts 3 entries of 18 bytes; there are 2 of 12"},
               {"b", "c"});
}

TEST_F(CheckTest, AnEntryOfAnotherSizeIsRemoved) {
  ExpectMended("UPDATE usage SET bytes = 1000 WHERE h = " + HashOf("a"),
               {"entry " + HashOf("a") + " has a different size in usage",
                "meta counts 3 entries of 18 bytes; there are 2 of 12"},
               {"b", "c"});
}

TEST_F(CheckTest, AnEntryUnderAnotherHashIsRemoved) {
  ExpectMended("UPDATE entries SET h = 5 WHERE h = " + HashOf("a") +
                   "; UPDATE usage SET h = 5 WHERE h = " + HashOf("a"),
               {"entry 5 is not under the hash of its key",
                "meta counts 3 entries of 18 bytes; there are 2 of 12"},
               {"b", "c"});
}

TEST_F(CheckTest, WrongCountsAreCorrected) {
  ExpectMended("UPDATE meta SET entry_count = 70, total_bytes = 80",
               {"meta counts 70 entries of 80 bytes; there are 3 of 18"},
               {"a", "b", "c"});
}

// Eviction that finds nothing more to evict knows that the counts were wrong.
TEST_F(CheckTest, CountsAboveTheLimitsAreNoticedByTheFirstSet) {
  PlainSqlite(file_).Run("UPDATE meta SET entry_count = 1000000");
  Set(*cache_, "d");
  Set(*cache_, "e");
  EXPECT_EQ(Get(*cache_, "e"), "value");
  EXPECT_TRUE(cache_->CheckAndFix().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(cache_->Stats().entries, PathsIn(*cache_).size());
}

TEST_F(CheckTest, OrphansDoNotKeepEvictionFromItsEnd) {
  PlainSqlite(file_).Run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
      " WHERE i < 500) INSERT INTO usage SELECT i, i, 1 FROM n;"
      "UPDATE meta SET entry_count = 20000");
  Set(*cache_, "d");
  Set(*cache_, "e");
  EXPECT_EQ(Get(*cache_, "e"), "value");
  EXPECT_TRUE(cache_->CheckAndFix().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(CheckTest, ManyProblemsAreCutShortInTheReportButAllMended) {
  for (int i = 0; i < 3000; ++i) Set(*cache_, std::to_string(i));
  PlainSqlite(file_).Run("UPDATE usage SET bytes = bytes + 1");
  const Result<CheckReport> report = cache_->CheckAndFix();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems.size(), CheckReport::kMaxProblems);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(PathsIn(*cache_), StringSet());
}

TEST_F(CheckTest, DoesNotKeepReadersOut) {
  const PlainSqlite shell(file_);
  shell.Run("BEGIN");
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 3);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  shell.Run("COMMIT");
}

TEST_F(CheckTest, FixingIsBusyWhileAnotherWrites) {
  cache_.reset();
  SqliteCacheOptions options;
  options.busy_timeout = std::chrono::milliseconds(0);
  cache_ = Must(SqliteCache::OpenFile(file_, options));
  const PlainSqlite shell(file_);
  shell.Run("BEGIN IMMEDIATE");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_TRUE(cache_->CheckAndFix().status().Is(ErrorCode::kBusy));
  shell.Run("COMMIT");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// In memory, where a write transaction would.
TEST(CheckInMemoryTest, DoesNotKeepReadersOut) {
  SqliteCacheOptions options;
  options.busy_timeout = std::chrono::milliseconds(0);
  const auto cache = Must(SqliteCache::OpenInMemory(options, "checked"));
  for (int i = 0; i < 1000; ++i) Set(*cache, std::to_string(i));
  ASSERT_TRUE(cache->Flush().ok());
  std::atomic<bool> checking{true};
  std::jthread checker([&] {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ProblemsIn(*cache), Strings());
    checking = false;
  });
  while (checking) ASSERT_EQ(Get(*cache, "7"), "value");
}

}  // namespace
}  // namespace appcache::check_test
