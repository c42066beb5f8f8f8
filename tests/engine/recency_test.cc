// E3: the victim is the least recently used entry, and a get is a use by
// whichever way it reaches SQLite.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::recency_test {
namespace {

class RecencyTest : public testing::Test {
 protected:
  RecencyTest() {
    options_.max_entries = 3;
    options_.clock = clock_;
  }

  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenFile(scratch_.Path("cache.db"), options_));
  }

  // With the entries a, b and c, set in that order.
  std::unique_ptr<SqliteCache> OpenFull() {
    auto cache = Open();
    for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
    return cache;
  }

  const Scratch scratch_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
};

TEST_F(RecencyTest, WithoutGetsTheOldestSetGoes) {
  const auto cache = OpenFull();
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c", "d"}));
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d", "e"}));
}

TEST_F(RecencyTest, AGetThatIsNotFlushedCounts) {
  const auto cache = OpenFull();
  Get(*cache, "a");
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"a", "b", "c"}));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, EveryGetOfABatchCountsInItsOrder) {
  const auto cache = OpenFull();
  const std::string_view paths[] = {"b", "a", "b"};
  cache->backend()->GetManyRaw(paths);
  Set(*cache, "d");
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "d", "e"}));
}

TEST_F(RecencyTest, AGetCountsWhenFlushedByFlush) {
  const auto cache = OpenFull();
  Get(*cache, "a");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "c", "a"}));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, AGetCountsWhenFlushedByTime) {
  const auto cache = OpenFull();
  Get(*cache, "a");
  clock_->Advance(options_.touch_flush_interval - std::chrono::microseconds(1));
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"a", "b", "c"}));
  clock_->Advance(std::chrono::microseconds(1));
  ASSERT_TRUE(Await([&] {
    return FlushedOrder(*cache) == Strings{"b", "c", "a"};
  }));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, AGetCountsWhenFlushedByNumber) {
  options_.touch_flush_count = 2;
  const auto cache = OpenFull();
  Get(*cache, "b");
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"a", "b", "c"}));
  Get(*cache, "a");
  ASSERT_TRUE(Await([&] {
    return FlushedOrder(*cache) == Strings{"c", "b", "a"};
  }));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "d"}));
}

TEST_F(RecencyTest, AGetCountsWhenFlushedByClosing) {
  {
    const auto cache = OpenFull();
    Get(*cache, "a");
  }
  const auto cache = Open();
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "c", "a"}));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, OrderOutlivesRestartsUnderAClockThatIsBehind) {
  OpenFull();
  clock_->Advance(-std::chrono::hours(1));
  {
    const auto cache = Open();
    Get(*cache, "a");
  }
  clock_->Advance(-std::chrono::hours(1));
  const auto cache = Open();
  Get(*cache, "b");
  Set(*cache, "d");
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "d", "e"}));
}

// What another process sets by a clock that is ahead looks recent, but not more
// so than what is set after it.
TEST_F(RecencyTest, ASetIsNotItsOwnVictimWhenOthersAreAheadInTime) {
  const auto cache = OpenFull();
  PlainSqlite(scratch_.Path("cache.db"))
      .Run("UPDATE usage SET last_used = last_used + 3600000000");
  for (const char* const path : {"d", "e"}) {
    Set(*cache, path);
    EXPECT_EQ(Get(*cache, path), "value");
  }
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d", "e"}));
}

// A flush that is taken for a long one has the next wait, but not for long.
TEST_F(RecencyTest, UsesAreWrittenSoonAfterTheClockWasSetBack) {
  const auto cache = OpenFull();
  Get(*cache, "a");
  clock_->Advance(options_.touch_flush_interval);
  ASSERT_TRUE(Await([&] {
    return FlushedOrder(*cache) == Strings{"b", "c", "a"};
  }));
  clock_->Advance(-std::chrono::hours(24));
  Get(*cache, "b");
  clock_->Advance(std::chrono::seconds(6));
  EXPECT_TRUE(Await([&] {
    return FlushedOrder(*cache) == Strings{"c", "a", "b"};
  }));
}

TEST_F(RecencyTest, UsesAtOneMomentKeepTheirOrder) {
  options_.max_entries = 100;
  const auto cache = Open();
  Strings order;
  for (int i = 0; i < 100; ++i) {
    order.push_back(std::to_string(i));
    Set(*cache, order.back());
  }
  std::swap(order[0], order[99]);
  for (const std::string& path : order) Get(*cache, path);
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(FlushedOrder(*cache), order);
}

TEST_F(RecencyTest, ReplacingAValueIsAUse) {
  const auto cache = OpenFull();
  Set(*cache, "a", "another");
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, ATimedGetIsAUse) {
  const auto cache = OpenFull();
  EXPECT_TRUE(cache->backend()->GetTimedRaw("a"));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c", "d"}));
}

TEST_F(RecencyTest, LookingIsNotAUse) {
  const auto cache = OpenFull();
  EXPECT_TRUE(cache->backend()->TtlRaw("a"));
  EXPECT_EQ(PathsIn(*cache).size(), 3u);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_TRUE(
      cache->ForEachEntry([](const StoredEntry&) { return true; }).ok());
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c", "d"}));
}

TEST_F(RecencyTest, AUseOfAnEntryThatWasReplacedSinceDoesNotCount) {
  const auto cache = OpenFull();
  Get(*cache, "a");
  ASSERT_TRUE(cache->backend()->InvalidateRaw("a").ok());
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

// Uses of entries that went do not crowd out those of entries that are there.
TEST_F(RecencyTest, AGetCountsAfterManyOfEntriesThatWent) {
  const auto cache = OpenFull();
  for (int i = 0; i < 1000; ++i) {
    const std::string path = "gone" + std::to_string(i);
    ASSERT_TRUE(cache->backend()->InvalidateRaw("c").ok());
    Set(*cache, path);
    Get(*cache, path);
    ASSERT_TRUE(cache->backend()->InvalidateRaw(path).ok());
    Set(*cache, "c");
  }
  for (const char* const path : {"c", "b", "a"}) Get(*cache, path);
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "d"}));
}

TEST_F(RecencyTest, ClearForgetsUses) {
  const auto cache = OpenFull();
  for (const char* const path : {"a", "b", "c"}) Get(*cache, path);
  ASSERT_TRUE(cache->Clear().ok());
  for (const char* const path : {"c", "b", "a"}) Set(*cache, path);
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"c", "b", "a"}));
}

}  // namespace
}  // namespace appcache::recency_test
