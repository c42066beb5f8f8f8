// RestoreMany: what a dump is loaded with.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::restore_test {
namespace {

using std::chrono::milliseconds;

class RestoreTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(const std::string& name,
                                    uint64_t max_entries = 10'000) {
    SqliteCacheOptions options;
    options.clock = clock_;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenInMemory(options, name));
  }

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

  StoredEntry Entry(const std::string& path, milliseconds used_ago) const {
    StoredEntry entry;
    entry.info.path = path;
    entry.info.last_used = clock_->Now() - used_ago;
    entry.value = Bytes::Copy("value");
    return entry;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

// The time of an access may be nonsense. The times of later accesses must not
// become nonsense too.
TEST_F(RestoreTest, AnAccessOfTheLatestTimeLeavesRoomForLaterOnes) {
  const Scratch scratch;
  const std::string file = scratch.Path("late.db");
  const auto expect_sound = [](SqliteCache& cache) {
    for (int i = 0; i < 10; ++i) Set(cache, std::to_string(i), "value");
    for (const StoredEntry& entry : Dump(cache)) {
      EXPECT_LE(entry.info.last_used, SqliteCache::kMaxTime);
    }
    EXPECT_EQ(cache.Check()->problems, std::vector<std::string>());
  };
  {
    const auto cache = Open("late");
    StoredEntry last = Entry("last", milliseconds(0));
    last.info.last_used = SqliteCache::kMaxTime;
    ASSERT_TRUE(cache->RestoreMany({&last, 1}).ok());
    expect_sound(*cache);
    ASSERT_TRUE(cache->Snapshot(file).ok());
  }
  const auto warm = Must(SqliteCache::OpenInMemoryFrom(file, {}, "warm"));
  expect_sound(*warm);
}

TEST_F(RestoreTest, ADumpLoadsAsItWas) {
  const auto from = Open("from");
  for (int i = 0; i < 600; ++i) {
    clock_->Advance(milliseconds(1));
    Set(*from, std::to_string(i), "value" + std::to_string(i),
        i % 3 == 0 ? milliseconds(10'000 + i) : kNoTtl);
  }
  for (int i = 0; i < 600; i += 7) Get(*from, std::to_string(i));
  const std::vector<StoredEntry> dump = Dump(*from);
  ASSERT_EQ(dump.size(), 600u);

  const auto to = Open("to");
  ASSERT_TRUE(to->RestoreMany(dump).ok());
  EXPECT_EQ(FlushedOrder(*to), FlushedOrder(*from));
  for (int i = 0; i < 600; ++i) {
    const std::string path = std::to_string(i);
    EXPECT_EQ(Get(*to, path), "value" + path);
    EXPECT_EQ(*to->backend()->TtlRaw(path), *from->backend()->TtlRaw(path))
        << path;
  }
  EXPECT_EQ(to->Stats().bytes, from->Stats().bytes);
  EXPECT_EQ(ProblemsIn(*to), Strings());
}

TEST_F(RestoreTest, EvictionGoesOnFromTheRecencyThatWasLoaded) {
  const auto cache = Open("recency", 3);
  ASSERT_TRUE(cache
                  ->RestoreMany(std::vector{Entry("b", milliseconds(20)),
                                            Entry("c", milliseconds(10)),
                                            Entry("a", milliseconds(30))})
                  .ok());
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c", "d"}));
  Get(*cache, "b");
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "d", "e"}));
}

TEST_F(RestoreTest, MoreThanFitsKeepsTheMostRecent) {
  const auto cache = Open("more", 2);
  ASSERT_TRUE(cache
                  ->RestoreMany(std::vector{Entry("c", milliseconds(10)),
                                            Entry("a", milliseconds(30)),
                                            Entry("b", milliseconds(20))})
                  .ok());
  EXPECT_EQ(PathsIn(*cache), (StringSet{"b", "c"}));
}

// Of a dump from a machine whose clock is ahead.
TEST_F(RestoreTest, UsesAfterRecencyFromTheFutureAreLaterStill) {
  const auto cache = Open("future", 2);
  ASSERT_TRUE(cache
                  ->RestoreMany(std::vector{Entry("a", milliseconds(-60'000)),
                                            Entry("b", milliseconds(-50'000))})
                  .ok());
  Set(*cache, "c");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "c"}));
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d"}));
}

TEST_F(RestoreTest, AFailedRestoreDoesNotAffectLaterRecency) {
  const Scratch scratch;
  SqliteCacheOptions options;
  options.clock = clock_;
  options.busy_timeout = milliseconds(0);
  const std::string file = scratch.Path("cache.db");
  const auto cache = Must(SqliteCache::OpenFile(file, options));
  const PlainSqlite other(file);
  other.Run("BEGIN IMMEDIATE");
  EXPECT_TRUE(
      cache->RestoreMany(std::vector{Entry("future", milliseconds(-60'000))})
          .Is(ErrorCode::kBusy));
  other.Run("ROLLBACK");
  Set(*cache, "a");
  const std::vector<StoredEntry> entries = Dump(*cache);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_LT(entries[0].info.last_used, clock_->Now() + milliseconds(1000));
}

TEST_F(RestoreTest, AnExpiredEntryIsSkipped) {
  const auto cache = Open("ended");
  StoredEntry ended = Entry("ended", milliseconds(10));
  ended.info.expires_at = clock_->Now();
  StoredEntry living = Entry("living", milliseconds(10));
  living.info.expires_at = clock_->Now() + milliseconds(1);
  ASSERT_TRUE(cache->RestoreMany(std::vector{ended, living}).ok());
  EXPECT_EQ(PathsIn(*cache), StringSet{"living"});
  EXPECT_EQ(*cache->backend()->TtlRaw("living"), milliseconds(1));
}

TEST_F(RestoreTest, AnEntryThatExpiresLaterIsSweptLater) {
  const auto cache = Open("sweep");
  StoredEntry entry = Entry("a", milliseconds(10));
  entry.info.expires_at = clock_->Now() + milliseconds(5000);
  ASSERT_TRUE(cache->RestoreMany(std::vector{entry}).ok());
  clock_->Advance(milliseconds(6000));
  // Not at the first sweep, perhaps, but by itself.
  EXPECT_TRUE(Await([&] {
    clock_->Advance(milliseconds(1000));
    return cache->Stats().entries == 0u;
  }));
}

TEST_F(RestoreTest, ReplacesWhatIsThere) {
  const auto cache = Open("replace");
  Set(*cache, "a", "old", milliseconds(10));
  ASSERT_TRUE(
      cache->RestoreMany(std::vector{Entry("a", milliseconds(5))}).ok());
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
  EXPECT_EQ(cache->Stats().bytes, 6u);
}

TEST_F(RestoreTest, AnInvalidKeyLeavesAllOfItUndone) {
  const auto cache = Open("invalid");
  const Status status = cache->RestoreMany(std::vector{
      Entry("a", milliseconds(5)),
      Entry(std::string(SqliteCache::kMaxKeyBytes + 1, 'k'), milliseconds(5))});
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidKey)) << status.ToString();
  EXPECT_EQ(PathsIn(*cache), StringSet());
}

TEST_F(RestoreTest, ATimeThatCannotBeStoredIsAnInvalidArgument) {
  const auto cache = Open("times");
  for (const TimePoint time :
       {TimePoint::min(), TimePoint(std::chrono::microseconds(-1)),
        SqliteCache::kMaxTime + std::chrono::microseconds(1),
        TimePoint::max()}) {
    std::vector<StoredEntry> entries = {Entry("a", milliseconds(1)),
                                        Entry("b", milliseconds(1))};
    entries[1].info.last_used = time;
    EXPECT_TRUE(cache->RestoreMany(entries).Is(ErrorCode::kInvalidArgument));
    entries[1] = Entry("b", milliseconds(1));
    entries[1].info.expires_at = time;
    EXPECT_TRUE(cache->RestoreMany(entries).Is(ErrorCode::kInvalidArgument));
  }
  EXPECT_EQ(PathsIn(*cache), StringSet());
}

TEST_F(RestoreTest, AnEndAtTheEpochIsAnEnd) {
  const auto cache = Open("epoch");
  StoredEntry entry = Entry("a", milliseconds(1));
  entry.info.expires_at = TimePoint();
  EXPECT_TRUE(cache->RestoreMany({&entry, 1}).ok());
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
}

TEST_F(RestoreTest, NothingIsSuccess) {
  EXPECT_TRUE(Open("nothing")->RestoreMany({}).ok());
}

}  // namespace
}  // namespace appcache::restore_test
