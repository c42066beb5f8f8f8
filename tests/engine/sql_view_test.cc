// What any SQLite shell sees of a cache: the layout of store/statements.h, and,
// after a flush, exactly the visible state (E5).

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lru/hash.h"
#include "engine/store/checksum.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::sql_view_test {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kSeed = 12345;

class SqlViewTest : public testing::Test {
 protected:
  SqlViewTest() {
    options_.clock = clock_;
    options_.hash_seed = kSeed;
    cache_ = Must(SqliteCache::OpenFile(file_, options_));
  }

  int64_t NowInMicroseconds() const {
    return clock_->Now().time_since_epoch().count();
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(SqlViewTest, TheTablesAreTheDocumentedOnes) {
  const PlainSqlite shell(file_);
  EXPECT_EQ(shell.Rows("SELECT name FROM sqlite_schema WHERE type = 'table'"
                       " ORDER BY name"),
            (Strings{"entries", "meta", "usage"}));
  const auto columns = [&](const std::string& table) {
    return shell.Rows("SELECT name FROM pragma_table_info('" + table + "')");
  };
  EXPECT_EQ(columns("entries"),
            (Strings{"h", "expires_at", "key", "value", "checksum"}));
  EXPECT_EQ(columns("usage"), (Strings{"h", "last_used", "bytes"}));
  EXPECT_EQ(columns("meta"), (Strings{"id", "schema_version", "hash_seed",
                                      "entry_count", "total_bytes"}));
}

TEST_F(SqlViewTest, TheFileSaysWhoseItIs) {
  const PlainSqlite shell(file_);
  EXPECT_EQ(shell.Int("PRAGMA application_id"), store::kApplicationId);
  EXPECT_EQ(shell.Int("PRAGMA user_version"), store::kSchemaVersion);
  EXPECT_EQ(shell.Text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(Scratch::ReadAll(file_).substr(68, 4), "apch");
}

TEST_F(SqlViewTest, AnEntryIsARowInEachTable) {
  clock_->Advance(std::chrono::microseconds(7));
  Set(*cache_, "some/path", "value", milliseconds(10));
  const PlainSqlite shell(file_);
  const int64_t hash = lru::HashPath("some/path", kSeed);
  const std::string h = std::to_string(hash);
  const int64_t now = NowInMicroseconds();
  EXPECT_EQ(
      shell.Rows("SELECT * FROM entries"),
      (Strings{h + "|" + std::to_string(now / 1000 + 11) + "|some/path|value|" +
               std::to_string(store::Checksum(hash, "some/path", "value"))}));
  EXPECT_EQ(shell.Rows("SELECT * FROM usage"),
            (Strings{h + "|" + std::to_string(now) + "|14"}));
  EXPECT_EQ(shell.Rows("SELECT * FROM meta"), (Strings{"1|1|12345|1|14"}));
  EXPECT_EQ(shell.Rows("SELECT typeof(key), typeof(value) FROM entries"),
            (Strings{"blob|blob"}));
}

TEST_F(SqlViewTest, AnEntryThatNeverEndsHasAnEndOfZero) {
  Set(*cache_, "path");
  EXPECT_EQ(PlainSqlite(file_).Int("SELECT expires_at FROM entries"), 0);
}

TEST_F(SqlViewTest, SetsAndInvalidatesAreThereAtOnceAndUsesAfterAFlush) {
  const PlainSqlite shell(file_);
  const std::string by_use =
      "SELECT CAST(key AS TEXT) FROM entries JOIN usage USING (h)"
      " ORDER BY last_used";
  for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  ASSERT_TRUE(cache_->backend()->InvalidateRaw("b").ok());
  EXPECT_EQ(shell.Rows(by_use), (Strings{"a", "c"}));
  clock_->Advance(milliseconds(5));
  Get(*cache_, "a");
  EXPECT_EQ(shell.Rows(by_use), (Strings{"a", "c"}));
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(shell.Rows(by_use), (Strings{"c", "a"}));
  EXPECT_EQ(shell.Int("SELECT max(last_used) FROM usage"), NowInMicroseconds());
}

TEST_F(SqlViewTest, AFlushMovesTheLogIntoTheFile) {
  Set(*cache_, "path");
  EXPECT_GT(Scratch::ReadAll(file_ + "-wal").size(), 0u);
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Scratch::ReadAll(file_ + "-wal").size(), 0u);
  // Alone, it is the whole cache.
  const std::string copy = scratch_.Path("copy.db");
  Scratch::WriteAll(copy, Scratch::ReadAll(file_));
  EXPECT_EQ(PlainSqlite(copy).Rows("SELECT key, value FROM entries"),
            (Strings{"path|value"}));
}

TEST_F(SqlViewTest, SoDoesClosing) {
  Set(*cache_, "path");
  Get(*cache_, "path");
  ASSERT_TRUE(cache_->Close().ok());
  const std::string copy = scratch_.Path("copy.db");
  Scratch::WriteAll(copy, Scratch::ReadAll(file_));
  const PlainSqlite shell(copy);
  EXPECT_EQ(shell.Rows("SELECT key, value FROM entries"),
            (Strings{"path|value"}));
  // The set, and the use one tick after it.
  EXPECT_EQ(shell.Int("SELECT last_used FROM usage"), NowInMicroseconds() + 1);
}

TEST_F(SqlViewTest, ClearEmptiesTheTablesAndGivesTheSpaceBack) {
  for (int i = 0; i < 1000; ++i) {
    Set(*cache_, std::to_string(i), std::string(1000, 'x'));
  }
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_GT(Scratch::ReadAll(file_).size(), 1'000'000u);
  ASSERT_TRUE(cache_->Clear().ok());
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_LT(Scratch::ReadAll(file_).size(), 100'000u);
  const PlainSqlite shell(file_);
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 0);
  EXPECT_EQ(shell.Int("SELECT count(*) FROM usage"), 0);
  EXPECT_EQ(shell.Rows("SELECT entry_count, total_bytes FROM meta"),
            (Strings{"0|0"}));
}

// Whoever writes to the tables by hand is told by Check, and meanwhile harms
// nothing but the counts.
TEST_F(SqlViewTest, AValueThatAShellChangesIsReadOnceItHasNoChecksum) {
  Set(*cache_, "path");
  PlainSqlite(file_).Run("UPDATE entries SET value = CAST('other' AS BLOB)");
  EXPECT_NE(Get(*cache_, "path").find("its checksum is wrong"),
            std::string::npos);
  PlainSqlite(file_).Run("UPDATE entries SET checksum = NULL");
  EXPECT_EQ(Get(*cache_, "path"), "other");
  PlainSqlite(file_).Run("DELETE FROM entries");
  EXPECT_EQ(Get(*cache_, "path"), "<miss>");
}

TEST_F(SqlViewTest, AReadTransactionOfAShellHoldsNobodyUp) {
  Set(*cache_, "path");
  const PlainSqlite shell(file_);
  shell.Run("BEGIN");
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 1);
  Set(*cache_, "another");
  EXPECT_EQ(Get(*cache_, "another"), "value");
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 1);
  shell.Run("COMMIT");
  EXPECT_EQ(shell.Int("SELECT count(*) FROM entries"), 2);
}

}  // namespace
}  // namespace appcache::sql_view_test
