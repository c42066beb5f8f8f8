// A file cache whose clock was set back, or that was written to with a clock
// that was ahead.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache::clock_set_back_test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Ttl kTenSeconds(10'000);

class ClockSetBackTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(const std::string& name = "cache.db",
                                    uint64_t max_entries = 1000) {
    SqliteCacheOptions options;
    options.cache = log_.options();
    options.clock = clock_;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenFile(scratch_.Path(name), options));
  }

  // All entries, with their times.
  static std::vector<StoredEntry> Dump(SqliteCache& cache) {
    std::vector<StoredEntry> entries;
    EXPECT_TRUE(cache.Flush().ok());
    EXPECT_TRUE(cache
                    .ForEachEntry([&](const StoredEntry& entry) {
                      entries.push_back(entry);
                      return true;
                    })
                    .ok());
    return entries;
  }

  void Run(const std::string& sql) {
    PlainSqlite plain(scratch_.Path("cache.db"));
    plain.Run(sql);
    plain.Close();
  }

  const Scratch scratch_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
};

TEST_F(ClockSetBackTest, AnEntryLivesItsTtlFromTheNextOpenAtMost) {
  Set(*Open(), "a", "value", kTenSeconds);
  clock_->Advance(-hours(24));
  {
    const auto cache = Open();
    EXPECT_EQ(Get(*cache, "a"), "value");
    EXPECT_LE(*cache->backend()->TtlRaw("a"), kTenSeconds);
    ASSERT_FALSE(log_.lines().empty());
    EXPECT_NE(log_.lines()[0].find("the times of 1 entries were moved back, by "
                                   "up to 86400 s"),
              std::string::npos)
        << log_.lines()[0];
  }
  clock_->Advance(seconds(6));
  EXPECT_EQ(Get(*Open(), "a"), "value");  // moved once, and not again
  clock_->Advance(seconds(5));
  EXPECT_EQ(Get(*Open(), "a"), "<miss>");
}

TEST_F(ClockSetBackTest, ANewTtlOfAClockThatWasAheadIsCorrected) {
  Set(*Open(), "a", "value");
  clock_->Advance(hours(24));
  EXPECT_TRUE(*Open()->backend()->SetTtlRaw("a", kTenSeconds));
  clock_->Advance(-hours(24));
  EXPECT_EQ(Get(*Open(), "a"), "value");
  clock_->Advance(seconds(11));
  EXPECT_EQ(Get(*Open(), "a"), "<miss>");
}

TEST_F(ClockSetBackTest, AnOpenCacheNoticesItByItself) {
  const auto cache = Open();
  Set(*cache, "a", "value", kTenSeconds);
  clock_->Advance(-hours(24));
  Get(*cache, "a");
  EXPECT_TRUE(Await([&] {
    const Lookup<Ttl> ttl = cache->backend()->TtlRaw("a");
    return ttl && *ttl <= kTenSeconds;
  }));
  Set(*cache, "b", "value", kTenSeconds);
  EXPECT_EQ(*cache->backend()->TtlRaw("b"), kTenSeconds);
  clock_->Advance(seconds(11));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_EQ(Get(*cache, "b"), "<miss>");
}

TEST_F(ClockSetBackTest, AccessesKeepTheirOrder) {
  {
    const auto cache = Open();
    for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
    Get(*cache, "a");
  }
  clock_->Advance(-hours(24));
  const auto cache = Open();
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "c", "a"}));
  Get(*cache, "b");
  Set(*cache, "d");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"c", "a", "b", "d"}));
  for (const StoredEntry& entry : Dump(*cache)) {
    EXPECT_LE(entry.info.last_used, clock_->Now() + seconds(1));
  }
}

// A bad clock, once, of somebody else.
TEST_F(ClockSetBackTest, TheLargestTimeDoesNotPinAnEntry) {
  {
    const auto cache = Open();
    Set(*cache, "bad");
    Set(*cache, "a", "value", kTenSeconds);
  }
  Run("UPDATE usage SET last_used = " +
      std::to_string(std::numeric_limits<int64_t>::max()) +
      " WHERE h = (SELECT h FROM entries WHERE instr(key, 'bad'))");
  const auto cache = Open("cache.db", 3);
  EXPECT_EQ(Get(*cache, "a"), "value");  // nothing was moved for its sake
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), kTenSeconds);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  for (const char* const path : {"b", "c", "d"}) Set(*cache, path);
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c", "d"}));
}

TEST_F(ClockSetBackTest, WhatACheckAcceptsCanBeDumpedAndLoaded) {
  for (const char* const last_used :
       {"9223372036854775807", "253402300799999999", "253402300800000000", "-1",
        "-9223372036854775808", "0", "4102444800000000"}) {
    for (const char* const expires_at :
         {"9223372036854775807", "-5", "253402300799999", "253402300800000",
          "0", "1577836900000"}) {
      SCOPED_TRACE(std::string(last_used) + " " + expires_at);
      const std::string name = "cache.db";
      {
        const auto cache = Open(name);
        ASSERT_TRUE(cache->Clear().ok());
        Set(*cache, "odd");
        Set(*cache, "even");
      }
      Run(std::string("UPDATE usage SET last_used = ") + last_used +
          " WHERE h = (SELECT h FROM entries WHERE instr(key, 'odd'))");
      Run(std::string("UPDATE entries SET expires_at = ") + expires_at +
          " WHERE instr(key, 'odd')");
      const auto cache = Open(name);
      ASSERT_TRUE(cache->CheckAndFix().ok());
      Set(*cache, "later");
      ASSERT_EQ(ProblemsIn(*cache), Strings());
      const std::vector<StoredEntry> entries = Dump(*cache);
      const auto copy = Open("copy.db");
      ASSERT_TRUE(copy->Clear().ok());
      const Status loaded = copy->RestoreMany(entries);
      ASSERT_TRUE(loaded.ok()) << loaded.ToString();
      const std::vector<StoredEntry> again = Dump(*copy);
      ASSERT_EQ(again.size(), entries.size());
      std::map<std::string, const StoredEntry*> by_path;
      for (const StoredEntry& entry : again) by_path[entry.info.path] = &entry;
      for (const StoredEntry& entry : entries) {
        const StoredEntry& other = *by_path.at(entry.info.path);
        EXPECT_EQ(other.info.last_used, entry.info.last_used);
        EXPECT_EQ(other.info.expires_at, entry.info.expires_at);
      }
    }
  }
}

TEST_F(ClockSetBackTest, RestoredAccessesOfTheLatestTimeLeaveRoomForLaterOnes) {
  const auto cache = Open();
  StoredEntry entry;
  entry.info.path = "last";
  entry.info.last_used = SqliteCache::kMaxTime;
  ASSERT_TRUE(cache->RestoreMany({&entry, 1}).ok());
  for (int i = 0; i < 10; ++i) Set(*cache, std::to_string(i));
  for (const StoredEntry& dumped : Dump(*cache)) {
    EXPECT_LE(dumped.info.last_used, SqliteCache::kMaxTime);
  }
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(ClockSetBackTest, ManyEntriesAfterOneOfTheLatestTimeKeepTheirLives) {
  constexpr int kEntries = 1200;  // several batches
  {
    const auto cache = Open("cache.db", 10'000);
    StoredEntry last;
    last.info.path = "last";
    last.info.last_used = SqliteCache::kMaxTime;
    ASSERT_TRUE(cache->RestoreMany({&last, 1}).ok());
    for (int i = 0; i < kEntries; ++i) {
      Set(*cache, std::to_string(i), "value", kTenSeconds);
    }
  }
  const auto cache = Open("cache.db", 10'000);
  EXPECT_EQ(Dump(*cache).size(), size_t{kEntries} + 1);
  for (const StoredEntry& entry : Dump(*cache)) {
    EXPECT_LE(entry.info.last_used, clock_->Now() + seconds(10));
    if (entry.info.path == "last") continue;
    EXPECT_EQ(*entry.info.expires_at, clock_->Now() + kTenSeconds);
  }
}

TEST_F(ClockSetBackTest, ManyNonsenseTimesAreCorrectedInTheirOrder) {
  constexpr int kEntries = 1200;
  {
    const auto cache = Open("cache.db", 10'000);
    for (int i = 0; i < kEntries; ++i) Set(*cache, std::to_string(i));
  }
  const Strings order = FlushedOrder(*Open("cache.db", 10'000));
  Run("UPDATE usage SET last_used = 9223372036854770000 + (last_used - "
      "(SELECT min(last_used) FROM usage))");
  const auto cache = Open("cache.db", 10'000);
  EXPECT_EQ(FlushedOrder(*cache), order);
  std::set<TimePoint> times;
  for (const StoredEntry& entry : Dump(*cache)) {
    EXPECT_LE(entry.info.last_used, clock_->Now() + seconds(10));
    times.insert(entry.info.last_used);
  }
  EXPECT_EQ(times.size(), size_t{kEntries});
}

TEST_F(ClockSetBackTest, ASetAfterItLivesItsWholeTtl) {
  const auto cache = Open();
  Set(*cache, "a");
  clock_->Advance(-hours(24));
  Set(*cache, "b", "value", kTenSeconds);
  clock_->Advance(seconds(1));
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(*Open()->backend()->TtlRaw("b"), kTenSeconds - seconds(1));
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"a", "b"}));
}

TEST_F(ClockSetBackTest, ASetIntoAFullCacheThatIsAheadIsNotItsOwnVictim) {
  const auto cache = Open("cache.db", 3);
  for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
  Run("UPDATE usage SET last_used = last_used + 3600000000");
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c", "d"}));
  clock_->Advance(-hours(24));
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d", "e"}));
}

// As processes do whose clocks differ: each row is corrected once, by its own
// difference, and nothing else changes.
TEST_F(ClockSetBackTest, AnEntryOfAClockThatIsAheadDoesNotShortenOthers) {
  const auto cache = Open();
  Set(*cache, "a", "value", kTenSeconds);
  for (int i = 0; i < 3; ++i) {
    Set(*cache, "ahead", "value", kTenSeconds);
    Run("BEGIN IMMEDIATE;"
        "UPDATE usage SET last_used = last_used + 3600000000"
        " WHERE h = (SELECT h FROM entries WHERE instr(key, 'ahead'));"
        "UPDATE entries SET expires_at = expires_at + 3600000"
        " WHERE instr(key, 'ahead');"
        "COMMIT");
    Set(*cache, "b");
    EXPECT_EQ(*cache->backend()->TtlRaw("a"), kTenSeconds);
    EXPECT_EQ(*cache->backend()->TtlRaw("ahead"), kTenSeconds);
  }
}

// Ticks run ahead of the clock when accesses are more than a million per
// second.
TEST_F(ClockSetBackTest, TicksThatRunAheadOfTheClockAreNotASetBack) {
  {
    const auto cache = Open();
    Set(*cache, "a", "value", kTenSeconds);
    Run("UPDATE usage SET last_used = last_used + 5000000");
    Set(*cache, "b", "value", kTenSeconds);
    EXPECT_EQ(FlushedOrder(*cache), (Strings{"a", "b"}));
  }
  const auto cache = Open();
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), kTenSeconds);
  EXPECT_EQ(*cache->backend()->TtlRaw("b"), kTenSeconds);
  EXPECT_TRUE(log_.lines().empty());
}

}  // namespace
}  // namespace appcache::clock_set_back_test
