// An index that does not match its table: found, and repaired without the loss
// of an entry.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"

namespace appcache::damaged_index_test {
namespace {

const StringSet kPaths = {"a", "b", "c", "d", "e"};

class DamagedIndexTest : public testing::Test {
 protected:
  DamagedIndexTest() {
    const auto cache = Open();
    for (const std::string& path : kPaths) {
      Set(*cache, path, "value", path < "c" ? Ttl(3'600'000) : kNoTtl);
    }
  }

  std::unique_ptr<SqliteCache> Open(uint64_t max_entries = 1000) {
    SqliteCacheOptions options;
    options.cache = log_.options();
    options.max_entries = max_entries;
    options.clock = clock_;
    return Must(SqliteCache::OpenFile(file_, options));
  }

  // Runs `sql` while SQLite does not know of the index, which so becomes
  // stale.
  void ChangeWithout(const std::string& index, const std::string& sql) {
    const std::string row = "name = '" + index + "'";
    PlainSqlite plain(file_);
    const std::string text =
        plain.Text("SELECT sql FROM sqlite_schema WHERE " + row);
    const std::string table =
        plain.Text("SELECT tbl_name FROM sqlite_schema WHERE " + row);
    const std::string root = std::to_string(
        plain.Int("SELECT rootpage FROM sqlite_schema WHERE " + row));
    plain.Run("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE " +
              row + "; PRAGMA writable_schema = RESET");
    plain.Run(sql);
    plain.Run(
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES"
        " ('index', '" +
        index + "', '" + table + "', " + root + ", '" + text +
        "'); PRAGMA writable_schema = RESET");
    plain.Close();
  }

  void MakeStale() {
    clock_->Advance(std::chrono::minutes(1));
    ChangeWithout("usage_by_last_used",
                  "UPDATE usage SET last_used = last_used + 1000000");
  }

  Status TrySet(SqliteCache& cache) {
    return cache.backend()->SetRaw("new", "value", kNoTtl);
  }

  void ExpectAllAndSound(SqliteCache& cache) {
    EXPECT_EQ(PathsIn(cache), kPaths);
    EXPECT_EQ(ProblemsIn(cache), Strings());
    EXPECT_FALSE(std::filesystem::exists(file_ + ".damaged"));
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
};

TEST_F(DamagedIndexTest, AFixRebuildsItAndKeepsAllEntries) {
  MakeStale();
  {
    const auto cache = Open();
    EXPECT_FALSE(ProblemsIn(*cache).empty());
    const Result<CheckReport> fixed = cache->CheckAndFix();
    ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
    EXPECT_FALSE(fixed->problems.empty());
    EXPECT_EQ(fixed->entries, kPaths.size());
    ExpectAllAndSound(*cache);
    EXPECT_FALSE(std::filesystem::exists(file_ + "-suspect"));
  }
  const auto cache = Open(/*max_entries=*/3);
  EXPECT_TRUE(TrySet(*cache).ok());
  EXPECT_TRUE(TrySet(*cache).ok());
}

TEST_F(DamagedIndexTest, ASetThatMeetsItFailsAndTheNextOpenRepairsIt) {
  MakeStale();
  {
    const auto cache = Open(kPaths.size());
    const Status status = TrySet(*cache);
    EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << status.ToString();
  }
  EXPECT_TRUE(std::filesystem::exists(file_ + "-suspect"));
  const auto cache = Open(kPaths.size());
  ExpectAllAndSound(*cache);
  EXPECT_EQ(log_.lines().back(),
            "warning: the indexes of the cache " + file_ +
                " were damaged: they were rebuilt, and all entries kept");
  EXPECT_FALSE(std::filesystem::exists(file_ + "-suspect"));
  EXPECT_TRUE(TrySet(*cache).ok());
  EXPECT_EQ(cache->Stats().entries, kPaths.size());
}

// The first attempt to open evicts, and meets the damage; the second repairs.
TEST_F(DamagedIndexTest, AnOpenThatMeetsItRepairsItAtOnce) {
  MakeStale();
  const auto cache = Open(/*max_entries=*/3);
  EXPECT_EQ(PathsIn(*cache), (StringSet{"c", "d", "e"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_TRUE(TrySet(*cache).ok());
}

TEST_F(DamagedIndexTest, AStaleIndexOfExpiryTimesIsRepairedToo) {
  ChangeWithout("entries_by_expiry",
                "UPDATE entries SET expires_at = expires_at + 1000000"
                " WHERE expires_at > 0");
  const auto cache = Open();
  ASSERT_TRUE(cache->CheckAndFix().ok());
  ExpectAllAndSound(*cache);
}

// Expired, says the index; the table does not have the entries at all. Without
// a check of each removal, this would go on for ever.
TEST_F(DamagedIndexTest, AnIndexOfMissingRowsStopsNothing) {
  ChangeWithout("entries_by_expiry",
                "DELETE FROM entries WHERE expires_at > 0");
  clock_->Advance(std::chrono::hours(2));
  {
    const auto cache = Open(/*max_entries=*/1);
    EXPECT_TRUE(TrySet(*cache).ok());
  }
  const auto cache = Open(/*max_entries=*/1);
  ASSERT_TRUE(cache->CheckAndFix().ok());
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

// The pending access of an entry is written by the eviction. An index with
// another time would offer the same entry for ever.
TEST_F(DamagedIndexTest, APendingAccessOfAStaleRowStopsNothing) {
  clock_->Advance(std::chrono::milliseconds(1));
  MakeStale();
  const auto cache = Open(kPaths.size());
  EXPECT_EQ(Get(*cache, "a"), "value");
  const Status status = TrySet(*cache);
  EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << status.ToString();
}

TEST_F(DamagedIndexTest, AMissingIndexIsBuiltWhenOpened) {
  for (const char* const index : {"usage_by_last_used", "entries_by_expiry"}) {
    SCOPED_TRACE(index);
    PlainSqlite plain(file_);
    plain.Run(std::string("DROP INDEX ") + index);
    plain.Close();
    {
      const auto cache = Open();
      ExpectAllAndSound(*cache);
    }
    EXPECT_EQ(PlainSqlite(file_).Int("SELECT count(*) FROM sqlite_schema"), 5);
  }
}

}  // namespace
}  // namespace appcache::damaged_index_test
