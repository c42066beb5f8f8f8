// max_database_bytes: the database stays below it, and sets go on.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/unsynced_vfs.h"
#include "tests/support/random.h"

namespace appcache::size_limit_test {
namespace {

constexpr uint64_t kCap = uint64_t{1} << 20;

// What the engine keeps for a set that is retried after an eviction, and the
// page that the next set would need.
constexpr uint64_t kReserveBytes = 32 * 4096;

enum class Store { kMemory, kFile };

// A cache with the smallest limit, and a connection that counts its pages.
class SizeLimitTest : public testing::TestWithParam<Store> {
 protected:
  SizeLimitTest() {
    options_.max_entries = 1'000'000;
    options_.max_database_bytes = kCap;
    options_.clock = clock_;
    options_.vfs = UnsyncedVfs();
    Open();
  }

  void Open() {
    cache_ =
        Must(GetParam() == Store::kMemory
                 ? SqliteCache::OpenInMemory(options_, "limited")
                 : SqliteCache::OpenFile(scratch_.Path("cache.db"), options_));
    if (GetParam() == Store::kMemory) {
      connection_.emplace(*SqliteCache::ConnectInMemory("limited"));
    } else {
      connection_.emplace(scratch_.Path("cache.db"));
    }
  }

  Status TrySet(std::string_view path, std::string_view value) {
    return cache_->backend()->SetRaw(path, value, kNoTtl);
  }

  uint64_t DatabaseBytes() const {
    return static_cast<uint64_t>(connection_->Int("PRAGMA page_count")) * 4096;
  }

  void ExpectWithinCap() {
    EXPECT_LE(DatabaseBytes(), kCap);
    const CacheStats stats = cache_->Stats();
    if (GetParam() == Store::kMemory) {
      ASSERT_TRUE(stats.database_memory_bytes);
      // Memory comes in chunks.
      EXPECT_LE(*stats.database_memory_bytes, kCap + (uint64_t{512} << 10));
    }
  }

  // Sets "0", "1", ... until some have been evicted. Their number.
  int FillUntilEvictions(size_t value_size = 500) {
    int i = 0;
    while (cache_->Stats().evictions == 0u) {
      Set(*cache_, std::to_string(i++), std::string(value_size, 'x'));
    }
    return i;
  }

  const Scratch scratch_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  std::optional<PlainSqlite> connection_;
};

// E10: what was just set is there.
TEST_P(SizeLimitTest, SmallValuesOfRandomKeysGoOnForEver) {
  RandomSource random;
  for (int i = 0; i < 12'000; ++i) {
    const std::string path = std::to_string(random.Bits());
    const std::string value(random.Below(200), 'v');
    const Status status = TrySet(path, value);
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
    ASSERT_EQ(Get(*cache_, path), value);
    if (i % 100 == 0) ExpectWithinCap();
  }
  ExpectWithinCap();
  EXPECT_GT(*cache_->Stats().evictions, 3000u);
  // Not more than needed: most of the database is in use.
  EXPECT_GT(cache_->Stats().bytes, kCap / 4);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(SizeLimitTest, ValuesOfAllSizesGoOn) {
  RandomSource random;
  for (int i = 0; i < 2000; ++i) {
    const std::string path = std::to_string(random.Below(500));
    // Some of many pages, up to a fifth of the database.
    const uint64_t most = random.Below(20) == 0 ? kCap / 5 : 8000;
    const std::string value(random.Below(most), 'v');
    const Status status = TrySet(path, value);
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
    ASSERT_EQ(Get(*cache_, path), value);
    if (i % 20 == 0) ExpectWithinCap();
  }
  ExpectWithinCap();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(SizeLimitTest, TheLeastRecentlyUsedAreEvicted) {
  const int before = FillUntilEvictions();
  for (int i = before - 1; i >= 0; i -= 5) Get(*cache_, std::to_string(i));
  // The model: from the least to the most recently used.
  ASSERT_TRUE(cache_->Flush().ok());
  const Strings flushed = FlushedOrder(*cache_);
  std::list<std::string> order(flushed.begin(), flushed.end());
  for (int i = 0; i < 1000; ++i) {
    const std::string path = "new" + std::to_string(i);
    Set(*cache_, path, std::string(500, 'y'));
    order.push_back(path);
    if (i % 50 != 0) continue;
    const Strings left = FlushedOrder(*cache_);
    ASSERT_LE(left.size(), order.size());
    while (order.size() > left.size()) order.pop_front();
    ASSERT_EQ(left, Strings(order.begin(), order.end()));
  }
}

TEST_P(SizeLimitTest, AGetProtectsItsEntry) {
  FillUntilEvictions();
  Set(*cache_, "hot");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(Get(*cache_, "hot"), "value") << i;
    Set(*cache_, "new" + std::to_string(i), std::string(500, 'y'));
  }
}

TEST_P(SizeLimitTest, AValueLargerThanTheLimitIsFullAndEvictsNothing) {
  FillUntilEvictions();
  Set(*cache_, "a", "old");
  const StringSet before = PathsIn(*cache_);
  const Status status = TrySet("a", std::string(kCap, 'x'));
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  EXPECT_NE(status.ToString().find("max_database_bytes is 1048576"),
            std::string::npos)
      << status.ToString();
  EXPECT_EQ(PathsIn(*cache_), before);
  EXPECT_EQ(Get(*cache_, "a"), "old");
  Set(*cache_, "b");
  EXPECT_EQ(Get(*cache_, "b"), "value");
  ExpectWithinCap();
}

// A refusal is not taken for a full disk, on which the log is truncated.
TEST_P(SizeLimitTest, AValueThatIsTooLargeForTheDatabaseLeavesTheLogAlone) {
  Set(*cache_, "a", "old");
  const auto log_bytes = [&] {
    return scratch_.Files()["cache.db-wal"].size();
  };
  const size_t before = log_bytes();
  EXPECT_EQ(before > 0, GetParam() == Store::kFile);
  EXPECT_TRUE(TrySet("a", std::string(kCap, 'x')).Is(ErrorCode::kFull));
  EXPECT_EQ(log_bytes(), before);
}

// The pages of the tables have no room beside it.
TEST_P(SizeLimitTest, AValueThatCouldNotFitAloneIsFullAndEvictsNothing) {
  FillUntilEvictions();
  const StringSet before = PathsIn(*cache_);
  const Status status = TrySet("large", std::string(kCap - 90'000, 'x'));
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  EXPECT_EQ(PathsIn(*cache_), before);
  ExpectWithinCap();
  Set(*cache_, "b");
  EXPECT_EQ(Get(*cache_, "b"), "value");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(SizeLimitTest, ALargeValueThatFitsOnlyAfterEvictionsIsSet) {
  FillUntilEvictions();
  for (const uint64_t size :
       {kCap / 4, kCap / 2, kCap / 4 * 3, kCap - 110'000}) {
    SCOPED_TRACE(size);
    const std::string value(size, 'x');
    const Status status = TrySet("large", value);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(Get(*cache_, "large"), value);
    ExpectWithinCap();
  }
  // Small ones again.
  for (int i = 0; i < 3000; ++i) {
    const std::string path = "small" + std::to_string(i);
    Set(*cache_, path, std::string(300, 'y'));
    ASSERT_EQ(Get(*cache_, path), std::string(300, 'y'));
  }
  ExpectWithinCap();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(SizeLimitTest, ABatchIsStoredAsAWhole) {
  FillUntilEvictions();
  for (int round = 0; round < 60; ++round) {
    Strings paths;
    std::vector<RawEntry> entries;
    const std::string value(800, static_cast<char>('a' + round % 26));
    for (int i = 0; i < 100; ++i) {
      paths.push_back(std::to_string(round) + "/" + std::to_string(i));
    }
    for (const std::string& path : paths) entries.push_back({path, value});
    const Status status = cache_->backend()->SetManyRaw(entries);
    ASSERT_TRUE(status.ok()) << round << ": " << status.ToString();
    for (const std::string& path : paths) ASSERT_EQ(Get(*cache_, path), value);
  }
  ExpectWithinCap();
}

TEST_P(SizeLimitTest, ABatchThatDoesNotFitLeavesTheOldValues) {
  Set(*cache_, "0", "old");
  const std::string value(kCap / 10, 'x');
  Strings paths;
  std::vector<RawEntry> entries;
  for (int i = 0; i < 12; ++i) paths.push_back(std::to_string(i));
  for (const std::string& path : paths) entries.push_back({path, value});
  const Status status = cache_->backend()->SetManyRaw(entries);
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  EXPECT_EQ(PathsIn(*cache_), StringSet{"0"});
  EXPECT_EQ(Get(*cache_, "0"), "old");
  EXPECT_EQ(cache_->Stats().write_errors, 12u);
}

// A batch that does not fit into an empty cache says nothing of what does.
TEST_P(SizeLimitTest, AfterABatchThatDoesNotFitTheCacheFillsAsBefore) {
  Strings paths;
  std::vector<RawEntry> entries;
  const std::string value(200, 'x');
  for (int i = 0; i < 4000; ++i) paths.push_back(std::to_string(i));
  for (const std::string& path : paths) entries.push_back({path, value});
  ASSERT_TRUE(cache_->backend()->SetManyRaw(entries).Is(ErrorCode::kFull));
  for (int i = 0; i < 1000; ++i) Set(*cache_, std::to_string(i), value);
  EXPECT_EQ(PathsIn(*cache_).size(), 1000u);
}

// Large values fill pages better than small ones.
TEST_P(SizeLimitTest, ACacheWhoseValuesBecomeLargerUsesTheDatabaseAgain) {
  FillUntilEvictions();
  const std::string value(20'000, 'x');
  uint64_t bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    Set(*cache_, "large" + std::to_string(i), value);
    bytes = std::max(bytes, *cache_->Stats().bytes);
  }
  EXPECT_GT(bytes, kCap / 4 * 3);
  ExpectWithinCap();
}

TEST_P(SizeLimitTest, AnAddEvictsAsASetDoes) {
  FillUntilEvictions();
  for (int i = 0; i < 3000; ++i) {
    const std::string path = "added" + std::to_string(i);
    const Result<bool> added =
        cache_->backend()->AddRaw(path, std::string(400, 'y'), kNoTtl);
    ASSERT_TRUE(added.ok()) << added.status().ToString();
    ASSERT_TRUE(*added);
    ASSERT_EQ(Get(*cache_, path).size(), 400u);
  }
  const Result<bool> again = cache_->backend()->AddRaw("added2999", "", kNoTtl);
  EXPECT_TRUE(again.ok() && !*again);
  ExpectWithinCap();
}

TEST_P(SizeLimitTest, ARestoreEvictsAsASetDoes) {
  FillUntilEvictions();
  for (int round = 0; round < 40; ++round) {
    std::vector<StoredEntry> entries(50);
    for (size_t i = 0; i < entries.size(); ++i) {
      clock_->Advance(std::chrono::milliseconds(1));
      entries[i].info.path = std::to_string(round) + "/" + std::to_string(i);
      entries[i].info.last_used = clock_->Now();
      entries[i].value = Bytes::Copy(std::string(1000, 'y'));
    }
    const Status status = cache_->RestoreMany(entries);
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (const StoredEntry& entry : entries) {
      ASSERT_EQ(Get(*cache_, entry.info.path).size(), 1000u);
    }
  }
  ExpectWithinCap();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(SizeLimitTest, RemovalsAndFlushesSucceedAtTheLimit) {
  options_.touch_flush_interval = std::chrono::hours(1);
  FillUntilEvictions();
  RandomSource random;
  for (int round = 0; round < 20; ++round) {
    // Accesses in random order change many pages of their index.
    const StringSet paths = PathsIn(*cache_);
    for (const std::string& path : paths) {
      if (random.Below(2) == 0) Get(*cache_, path);
    }
    const Status flushed = cache_->Flush();
    EXPECT_TRUE(flushed.ok()) << flushed.ToString();
    ExpectWithinCap();
    EXPECT_TRUE(cache_->backend()->InvalidateRaw(*paths.begin()).ok());
    EXPECT_TRUE(cache_->backend()->InvalidatePrefixRaw("new").ok());
    for (int i = 0; i < 200; ++i) {
      Set(*cache_, "new" + std::to_string(random.Bits()),
          std::string(300, 'z'));
    }
    ExpectWithinCap();
  }
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(PathsIn(*cache_), StringSet());
  EXPECT_LT(DatabaseBytes(), kCap / 10);
  Set(*cache_, "a");
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// The index of accesses needs more pages for a while, and no set makes room.
TEST_P(SizeLimitTest, AFlushAtTheLimitSucceedsAndEvictsNothing) {
  Strings paths;
  // A set may need several pages at once.
  constexpr uint64_t kPagesOfASet = 4 * 4096;
  while (DatabaseBytes() + kPagesOfASet + kReserveBytes < kCap) {
    paths.push_back(std::to_string(paths.size()));
    Set(*cache_, paths.back(), std::string(20, 'x'));
  }
  ASSERT_EQ(cache_->Stats().evictions, 0u);
  RandomSource random;
  for (size_t i = paths.size() - 1; i > 0; --i) {
    std::swap(paths[i], paths[random.Below(i + 1)]);
  }
  for (size_t i = 0; i < paths.size() / 2; ++i) Get(*cache_, paths[i]);
  const Status flushed = cache_->Flush();
  EXPECT_TRUE(flushed.ok()) << flushed.ToString();
  EXPECT_EQ(cache_->Stats().evictions, 0u);
  EXPECT_EQ(cache_->Stats().entries, paths.size());
  // A few pages into the reserve.
  ExpectWithinCap();
  Set(*cache_, "new", std::string(500, 'x'));
  ExpectWithinCap();
}

// The limit on entries that fit is found anew.
TEST_P(SizeLimitTest, AfterAClearAllOfItCanBeUsedAgain) {
  // Large values waste parts of pages, and fewer bytes of them fit.
  FillUntilEvictions(2100);
  ASSERT_TRUE(cache_->Clear().ok());
  const auto evictions = cache_->Stats().evictions;
  int sets = 0;
  while (cache_->Stats().evictions == evictions && sets < 100'000) {
    Set(*cache_, std::to_string(sets++), std::string(500, 'x'));
  }
  EXPECT_GT(static_cast<uint64_t>(sets) * 500, kCap / 2);
}

TEST_P(SizeLimitTest, TheOtherLimitsHoldToo) {
  cache_.reset();
  connection_.reset();
  options_.max_entries = 10;
  Open();
  for (int i = 0; i < 100; ++i) {
    Set(*cache_, std::to_string(i), std::string(1000, 'x'));
    ASSERT_LE(*cache_->Stats().entries, 10u);
  }
  EXPECT_EQ(cache_->Stats().entries, 10u);
}

TEST_P(SizeLimitTest, TraitsListIt) {
  const BackendTraits traits = cache_->backend()->Traits();
  const auto found = std::find_if(
      traits.limits.begin(), traits.limits.end(),
      [](const auto& limit) { return limit.first == "max_database_bytes"; });
  ASSERT_NE(found, traits.limits.end());
  EXPECT_EQ(found->second, "1048576");
}

TEST_P(SizeLimitTest, AllUsersOfADatabaseMustAgree) {
  for (const std::optional<uint64_t> other :
       {std::optional<uint64_t>(), std::optional<uint64_t>(2 * kCap)}) {
    SqliteCacheOptions options = options_;
    options.max_database_bytes = other;
    const Status status =
        (GetParam() == Store::kMemory
             ? SqliteCache::OpenInMemory(options, "limited")
             : SqliteCache::OpenFile(scratch_.Path("cache.db"), options))
            .status();
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
    EXPECT_NE(status.ToString().find("max_database_bytes 1048576"),
              std::string::npos)
        << status.ToString();
    if (!other) continue;
    EXPECT_NE(status.ToString().find("max_database_bytes 2097152"),
              std::string::npos)
        << status.ToString();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, SizeLimitTest,
                         testing::Values(Store::kMemory, Store::kFile),
                         [](const testing::TestParamInfo<Store>& info) {
                           return info.param == Store::kMemory ? "Memory"
                                                               : "File";
                         });

}  // namespace
}  // namespace appcache::size_limit_test
