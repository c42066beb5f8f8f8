// A database in memory returns the memory of removed entries.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::shrink_test {
namespace {

using std::chrono::milliseconds;

constexpr int kEntries = 10'000;
constexpr size_t kValueBytes = 256;

// 28 bytes.
std::string PathOf(int i) {
  std::string number = std::to_string(i);
  number.insert(0, 8 - number.size(), '0');
  return (i % 10 == 0 ? "kept/aaaaaaaaaaaaaaa/" : "gone/aaaaaaaaaaaaaaa/") +
         number.substr(1);
}

class ShrinkTest : public testing::Test {
 protected:
  ShrinkTest() {
    options_.max_entries = kEntries;
    options_.expiry_sweep_interval = milliseconds(10);
  }

  void Open() { cache_ = Must(SqliteCache::OpenInMemory(options_, "shrink")); }

  void Fill(Ttl ttl_of_most = kNoTtl) {
    const std::string value(kValueBytes, 'v');
    for (int first = 0; first < kEntries; first += 100) {
      Strings paths;
      std::vector<RawEntry> entries;
      for (int i = first; i < first + 100; ++i) paths.push_back(PathOf(i));
      for (const std::string& path : paths) {
        entries.push_back(
            {path, value, path.starts_with("kept") ? kNoTtl : ttl_of_most});
      }
      ASSERT_TRUE(cache_->backend()->SetManyRaw(entries).ok());
    }
    ASSERT_TRUE(cache_->Flush().ok());  // the log does not count
    peak_ = MemoryBytes();
    ASSERT_GT(peak_, kEntries * kValueBytes);
  }

  // One by one.
  void RemoveMost() {
    for (int i = 0; i < kEntries; ++i) {
      if (i % 10 == 0) continue;
      ASSERT_TRUE(cache_->backend()->InvalidateRaw(PathOf(i)).ok());
    }
  }

  uint64_t MemoryBytes() const {
    const CacheStats stats = cache_->Stats();
    return stats.database_memory_bytes.value_or(0) +
           stats.log_memory_bytes.value_or(0);
  }

  bool HasShrunk() const { return MemoryBytes() <= peak_ * 2 / 5; }

  void ExpectShrinks() {
    EXPECT_TRUE(Await([&] { return HasShrunk(); }));
  }

  void ExpectKeptEntriesAlone() {
    ASSERT_EQ(cache_->Stats().entries, static_cast<uint64_t>(kEntries / 10));
    for (int i = 0; i < kEntries; i += 10) {
      ASSERT_EQ(Get(*cache_, PathOf(i)), std::string(kValueBytes, 'v'));
    }
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
  }

  PlainSqlite Connect() const {
    return PlainSqlite(*SqliteCache::ConnectInMemory("shrink"));
  }

  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  uint64_t peak_ = 0;
};

TEST_F(ShrinkTest, AfterEntriesAreInvalidatedOneByOne) {
  Open();
  Fill();
  RemoveMost();
  ExpectShrinks();
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, AfterEntriesAreInvalidatedByPrefix) {
  Open();
  Fill();
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("gone/").ok());
  ExpectShrinks();
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, AfterEntriesHaveExpired) {
  const auto clock = std::make_shared<FakeClock>();
  options_.clock = clock;
  Open();
  Fill(milliseconds(10'000));
  clock->Advance(milliseconds(20'000));
  EXPECT_TRUE(Await([&] {
    clock->Advance(milliseconds(1000));
    return HasShrunk();
  }));
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, AClearReturnsMemoryAtOnce) {
  Open();
  Fill();
  ASSERT_TRUE(cache_->Clear().ok());
  ExpectShrinks();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  Fill();
  RemoveMost();
  ExpectShrinks();
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, EntriesMayBeSetAgainAfterwards) {
  Open();
  for (int round = 0; round < 2; ++round) {
    Fill();
    EXPECT_EQ(cache_->Stats().entries, static_cast<uint64_t>(kEntries));
    EXPECT_EQ(Get(*cache_, PathOf(kEntries - 1)),
              std::string(kValueBytes, 'v'));
    ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("gone/").ok());
    ExpectShrinks();
  }
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, AReaderOfAnOldMomentDelaysIt) {
  options_.expiry_sweep_interval = milliseconds(5);  // until the next attempt
  Open();
  Fill();
  const PlainSqlite reader = Connect();
  reader.Run("BEGIN");
  ASSERT_EQ(reader.Int("SELECT count(*) FROM entries"), kEntries);
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("gone/").ok());
  // Pages that it reads stay.
  for (int i = 0; i < 200; ++i) {
    ASSERT_GE(*cache_->Stats().database_memory_bytes, kEntries * kValueBytes);
    std::this_thread::yield();
  }
  EXPECT_EQ(reader.Int("SELECT count(*) FROM entries"), kEntries);
  EXPECT_EQ(reader.Text("PRAGMA integrity_check"), "ok");
  reader.Run("COMMIT");
  ExpectShrinks();
  ExpectKeptEntriesAlone();
}

TEST_F(ShrinkTest, GetsAndSetsGoOnMeanwhile) {
  Open();
  Fill();
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("gone/").ok());
  int i = 0;
  EXPECT_TRUE(Await([&] {
    const std::string path = "new/" + std::to_string(i % 100);
    Set(*cache_, path);
    EXPECT_EQ(Get(*cache_, path), "value");
    EXPECT_EQ(Get(*cache_, PathOf(i % 1000 * 10)).size(), kValueBytes);
    ++i;
    return HasShrunk() || HasFailure();
  }));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(ShrinkTest, ClosingWhileItRunsDoesNotHang) {
  for (int round = 0; round < 3; ++round) {
    Open();
    Fill();
    ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("gone/").ok());
    // Somewhere in it.
    for (int i = 0; i < round * 100; ++i) Get(*cache_, PathOf(i));
    EXPECT_TRUE(cache_->Close().ok());
    EXPECT_FALSE(SqliteCache::ConnectInMemory("shrink").ok());
  }
}

// A full cache evicts about as much as it stores.
TEST_F(ShrinkTest, ACacheThatReplacesEntriesKeepsItsPages) {
  Open();
  Fill();
  const PlainSqlite shell = Connect();
  const int64_t pages = shell.Int("PRAGMA page_count");
  const std::string value(kValueBytes, 'w');
  for (int i = 0; i < kEntries / 4; ++i) {
    Set(*cache_, "next/" + PathOf(i), value);
    if (i % 500 != 0) continue;
    EXPECT_GE(shell.Int("PRAGMA page_count"), pages - pages / 8);
  }
  EXPECT_EQ(cache_->Stats().evictions, static_cast<uint64_t>(kEntries / 4));
}

// The mode in which pages are returned by Shrink, not by each commit.
TEST_F(ShrinkTest, ClearLeavesTheVacuumModeAsItWas) {
  Open();
  EXPECT_EQ(Connect().Int("PRAGMA auto_vacuum"), 2);
  Set(*cache_, "a");
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(Connect().Int("PRAGMA auto_vacuum"), 2);
}

}  // namespace
}  // namespace appcache::shrink_test
