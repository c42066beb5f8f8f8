// Check and CheckAndFix of a database in memory: the tables are compared with
// what the cache has in memory.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lru/hash.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/support/await.h"
#include "tests/support/random.h"

namespace appcache::resident_check_test {
namespace {

constexpr char kName[] = "checked";
constexpr int64_t kSeed = 99;

// With the values in memory, or away.
class ResidentCheckTest : public testing::TestWithParam<bool> {
 protected:
  ResidentCheckTest() {
    options_.clock = clock_;
    options_.hash_seed = kSeed;
    if (!is_resident()) options_.resident_bytes = 0;
    Open();
    for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
    EXPECT_TRUE(cache_->Flush().ok());
  }

  static bool is_resident() { return GetParam(); }
  void Open() { cache_ = Must(SqliteCache::OpenInMemory(options_, kName)); }

  static std::string HashOf(std::string_view path) {
    return std::to_string(lru::HashPath(path, kSeed));
  }

  void Damage(const std::string& sql) { ConnectToWrite(kName).Run(sql); }
  void DeleteRow(std::string_view path) {
    Damage("DELETE FROM entries WHERE h = " + HashOf(path) +
           "; DELETE FROM usage WHERE h = " + HashOf(path) + ";" + kCount);
  }
  void AddRow(const std::string& path, const std::string& value) {
    Damage("INSERT INTO entries VALUES (" + HashOf(path) + ", 0, CAST('" +
           path + "' AS BLOB), CAST('" + value + "' AS BLOB), NULL);" +
           "INSERT INTO usage VALUES (" + HashOf(path) + ", 1, " +
           std::to_string(path.size() + value.size()) + ");" + kCount);
  }

  // Check and CheckAndFix name these problems, and afterwards there are none.
  void ExpectFixed(const Strings& problems) {
    for (int checks = 0; checks < 2; ++checks) {
      EXPECT_EQ(ProblemsIn(*cache_), problems);
    }
    const Result<CheckReport> fixed = cache_->CheckAndFix();
    ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
    EXPECT_EQ(fixed->problems, problems);
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
    EXPECT_EQ(cache_->Stats().entries, PathsIn(*cache_).size());
    const PlainSqlite shell = ConnectTo(kName);
    EXPECT_EQ(static_cast<int64_t>(*cache_->Stats().bytes),
              shell.Int("SELECT sum(bytes) FROM usage"));
    Set(*cache_, "d");
    EXPECT_EQ(Get(*cache_, "d"), "value");
  }

  static constexpr char kCount[] =
      "UPDATE meta SET entry_count = (SELECT count(*) FROM usage),"
      " total_bytes = (SELECT total(bytes) FROM usage)";

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_P(ResidentCheckTest, ASoundCacheHasNoProblems) {
  const Result<CheckReport> report = cache_->Check();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems, Strings());
  EXPECT_EQ(report->entries, 3u);
  EXPECT_EQ(report->bytes, 18u);
  // What is pending is written first.
  Set(*cache_, "d");
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("a").ok());
  EXPECT_EQ(cache_->CheckAndFix()->problems, Strings());
  EXPECT_EQ(cache_->Check()->entries, 3u);
}

TEST_P(ResidentCheckTest, AnEntryWithoutARowIsWrittenAgainOrRemoved) {
  DeleteRow("a");
  ExpectFixed(
      {"entry " + HashOf("a") + " is in memory, but not in the tables"});
  EXPECT_EQ(Get(*cache_, "a"), is_resident() ? "value" : "<miss>");
  EXPECT_EQ(PathsIn(*cache_), is_resident() ? (StringSet{"a", "b", "c", "d"})
                                            : (StringSet{"b", "c", "d"}));
}

TEST_P(ResidentCheckTest, WhatAFixLeavesToWriteIsWrittenInTheBackground) {
  // The flush that this requests has run: no other is due.
  Set(*cache_, "b");
  clock_->Advance(options_.write_behind_interval);
  ASSERT_TRUE(Await([&] { return *cache_->Stats().pending_bytes == 0; }));
  DeleteRow("a");
  ASSERT_TRUE(cache_->CheckAndFix().ok());
  clock_->Advance(options_.write_behind_interval);
  EXPECT_TRUE(Await([&] {
    return ConnectTo(kName).Int("SELECT count(*) FROM entries") ==
           (is_resident() ? 3 : 2);
  }));
}

TEST_P(ResidentCheckTest, ARowWithoutAnEntryBecomesOne) {
  AddRow("x", "added");
  EXPECT_EQ(Get(*cache_, "x"), "<miss>");
  ExpectFixed({"entry " + HashOf("x") + " is not the one in memory"});
  EXPECT_EQ(Get(*cache_, "x"), "added");
  EXPECT_EQ(Get(*cache_, "a"), "value");
}

TEST_P(ResidentCheckTest, AFixKeepsTheLimits) {
  cache_.reset();
  options_.max_entries = 3;
  Open();
  for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  ASSERT_TRUE(cache_->Flush().ok());
  AddRow("x", "added");
  ASSERT_TRUE(cache_->CheckAndFix().ok());
  EXPECT_LE(*cache_->Stats().entries, 3u);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(ResidentCheckTest, ARowOfAnotherSizeReplacesTheEntry) {
  Damage(
      "UPDATE entries SET value = CAST('another' AS BLOB),"
      " checksum = NULL WHERE h = " +
      HashOf("a") + "; UPDATE usage SET bytes = 8 WHERE h = " + HashOf("a") +
      ";" + kCount);
  ExpectFixed({"entry " + HashOf("a") + " is not the one in memory"});
  EXPECT_EQ(Get(*cache_, "a"), "another");
}

TEST_P(ResidentCheckTest, ARowThatIsRemovedBecauseItIsDamagedIsMissed) {
  Damage("DELETE FROM usage WHERE h = " + HashOf("a"));
  const Result<CheckReport> fixed = cache_->CheckAndFix();
  ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
  EXPECT_FALSE(fixed->problems.empty());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(Get(*cache_, "a"), is_resident() ? "value" : "<miss>");
  EXPECT_EQ(Get(*cache_, "b"), "value");
}

TEST_P(ResidentCheckTest, ARowWithAWrongChecksumIsNotReadAndRemoved) {
  Damage("UPDATE entries SET value = CAST('valuf' AS BLOB) WHERE h = " +
         HashOf("a"));
  if (is_resident()) {
    EXPECT_EQ(Get(*cache_, "a"), "value");
  } else {
    EXPECT_NE(Get(*cache_, "a").find("its checksum is wrong"),
              std::string::npos);
  }
  EXPECT_EQ(Get(*cache_, "b"), "value");
  ExpectFixed(
      {"entry " + HashOf("a") + " has a wrong checksum",
       "meta counts 3 entries of 18 bytes; there are 2 of 12",
       "entry " + HashOf("a") + " is in memory, but not in the tables"});
  EXPECT_EQ(Get(*cache_, "a"), is_resident() ? "value" : "<miss>");
}

TEST_P(ResidentCheckTest, AnEmptyDatabaseIsFixed) {
  Damage(std::string("DELETE FROM entries; DELETE FROM usage;") + kCount);
  EXPECT_EQ(ProblemsIn(*cache_).size(), 3u);
  ASSERT_TRUE(cache_->CheckAndFix().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(*cache_->Stats().entries, is_resident() ? 3u : 0u);
}

TEST_P(ResidentCheckTest, FindsNothingWhileOthersChangeTheCache) {
  cache_.reset();
  options_.max_entries = 50;
  options_.write_behind_bytes = 64 << 10;
  Open();
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&, i] {
      RandomSource random(static_cast<uint64_t>(i) + 1);
      while (!done) {
        const std::string path = std::to_string(random.Below(100));
        switch (random.Below(8)) {
          case 0:
            EXPECT_TRUE(cache_->backend()->InvalidateRaw(path).ok());
            break;
          case 1:
            Get(*cache_, path);
            break;
          case 2:
            if (random.Below(50) == 0) {
              EXPECT_TRUE(cache_->Clear().ok());
            }
            break;
          default:
            Set(*cache_, path, std::string(random.Below(12'000), 'v'),
                Ttl(random.Below(2) * 10));
        }
      }
    });
  }
  for (int checks = 0; checks < 30; ++checks) {
    const Result<CheckReport> report =
        checks % 2 == 0 ? cache_->Check() : cache_->CheckAndFix();
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    if (!report.ok()) break;
    EXPECT_EQ(report->problems, Strings());
    clock_->Advance(std::chrono::milliseconds(3));
  }
  done = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

INSTANTIATE_TEST_SUITE_P(Values, ResidentCheckTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) {
                           return info.param ? "InMemory" : "Away";
                         });

}  // namespace
}  // namespace appcache::resident_check_test
