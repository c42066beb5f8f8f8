// ForEachKey and ForEachEntry: every entry once, however many steps it takes.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::walk_test {
namespace {

using std::chrono::milliseconds;

class WalkTest : public testing::Test {
 protected:
  WalkTest() {
    SqliteCacheOptions options;
    options.clock = clock_;
    cache_ = Must(SqliteCache::OpenInMemory(options, "walk"));
  }

  // How often each path is visited by a walk over keys, and over entries.
  std::map<std::string, int> VisitKeys() {
    std::map<std::string, int> visits;
    EXPECT_TRUE(cache_
                    ->ForEachKey([&](const EntryInfo& info) {
                      ++visits[info.path];
                      return true;
                    })
                    .ok());
    return visits;
  }

  std::map<std::string, int> VisitEntries() {
    std::map<std::string, int> visits;
    EXPECT_TRUE(cache_
                    ->ForEachEntry([&](const StoredEntry& entry) {
                      ++visits[entry.info.path];
                      EXPECT_TRUE(entry.value.view().starts_with(
                          "of " + entry.info.path + ":"));
                      return true;
                    })
                    .ok());
    return visits;
  }

  void ExpectEachOnce(int entries, size_t value_bytes) {
    std::map<std::string, int> once;
    std::vector<std::pair<std::string, std::string>> all;
    for (int i = 0; i < entries; ++i) {
      const std::string path = std::to_string(i);
      all.emplace_back(path, "of " + path + ":");
      all.back().second.append(value_bytes, '.');
      once[path] = 1;
    }
    std::vector<RawEntry> raw;
    for (const auto& [path, value] : all) raw.push_back({path, value});
    ASSERT_TRUE(cache_->Clear().ok());
    ASSERT_TRUE(cache_->backend()->SetManyRaw(raw).ok());
    EXPECT_EQ(VisitKeys(), once);
    EXPECT_EQ(VisitEntries(), once);
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::unique_ptr<SqliteCache> cache_;
};

// A step is of 256 entries.
TEST_F(WalkTest, VisitsEachOnceAroundTheNumberOfAStep) {
  for (const int entries : {0, 1, 255, 256, 257, 511, 512, 513, 3000}) {
    SCOPED_TRACE(entries);
    ExpectEachOnce(entries, 10);
  }
}

// Or, if that is less, of a mebibyte.
TEST_F(WalkTest, VisitsEachOnceAroundTheBytesOfAStep) {
  ExpectEachOnce(40, 100'000);
  ExpectEachOnce(8, 1 << 20);
  ExpectEachOnce(5, 3'000'000);
}

TEST_F(WalkTest, TellsWhatIsStored) {
  Set(*cache_, "some/path", "value", milliseconds(1500));
  clock_->Advance(milliseconds(1000));
  Get(*cache_, "some/path");
  ASSERT_TRUE(cache_->Flush().ok());
  int visits = 0;
  EXPECT_TRUE(cache_
                  ->ForEachEntry([&](const StoredEntry& entry) {
                    ++visits;
                    EXPECT_EQ(entry.info.path, "some/path");
                    EXPECT_EQ(entry.info.bytes, 14u);
                    EXPECT_EQ(entry.info.last_used, clock_->Now());
                    EXPECT_EQ(entry.info.expires_at,
                              clock_->Now() + milliseconds(500));
                    EXPECT_EQ(entry.value.view(), "value");
                    return true;
                  })
                  .ok());
  EXPECT_EQ(visits, 1);
}

TEST_F(WalkTest, AnEntryThatNeverEndsHasNoEnd) {
  Set(*cache_, "a");
  EXPECT_TRUE(cache_
                  ->ForEachKey([](const EntryInfo& info) {
                    EXPECT_FALSE(info.expires_at);
                    return true;
                  })
                  .ok());
}

TEST_F(WalkTest, LeavesOutWhatHasEnded) {
  Set(*cache_, "a", "of a:", milliseconds(10));
  Set(*cache_, "b", "of b:", milliseconds(20));
  clock_->Advance(milliseconds(10));
  EXPECT_EQ(VisitKeys(), (std::map<std::string, int>{{"b", 1}}));
  EXPECT_EQ(VisitEntries(), (std::map<std::string, int>{{"b", 1}}));
}

TEST_F(WalkTest, EndsWhenTheVisitorSaysSo) {
  for (int i = 0; i < 1000; ++i) Set(*cache_, std::to_string(i));
  for (const int most : {1, 256, 257, 700}) {
    int visits = 0;
    EXPECT_TRUE(
        cache_->ForEachKey([&](const EntryInfo&) { return ++visits < most; })
            .ok());
    EXPECT_EQ(visits, most);
  }
}

// The visitor may use the cache, and what it does not touch is visited once.
TEST_F(WalkTest, ToleratesWritesByTheVisitor) {
  for (int i = 0; i < 1000; ++i) Set(*cache_, "old" + std::to_string(i));
  std::map<std::string, int> visits;
  const Status status = cache_->ForEachKey([&](const EntryInfo& info) {
    ++visits[info.path];
    if (info.path.starts_with("old")) {
      Set(*cache_, "new" + info.path);
      if (info.path.ends_with("7")) {
        EXPECT_TRUE(cache_->backend()->InvalidateRaw(info.path).ok());
      }
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(visits["old" + std::to_string(i)], 1) << i;
  }
  for (const auto& [path, times] : visits) EXPECT_EQ(times, 1) << path;
  EXPECT_EQ(cache_->Stats().entries, 1900u);
}

// A slow visitor does not keep a file's log from being emptied.
TEST_F(WalkTest, HoldsNoReadTransactionOpenDuringAVisit) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const auto cache = Must(SqliteCache::OpenFile(file));
  for (int i = 0; i < 10; ++i) Set(*cache, std::to_string(i));
  int visits = 0;
  EXPECT_TRUE(cache
                  ->ForEachEntry([&](const StoredEntry&) {
                    ++visits;
                    Set(*cache, "more");
                    EXPECT_TRUE(cache->Flush().ok());
                    EXPECT_TRUE(Scratch::ReadAll(file + "-wal").empty());
                    return true;
                  })
                  .ok());
  EXPECT_GE(visits, 10);
}

}  // namespace
}  // namespace appcache::walk_test
