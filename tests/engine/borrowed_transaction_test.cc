// OpenOn, inside transactions of the caller's: what the cache writes is part of
// them, and undone with them.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache::borrowed_transaction_test {
namespace {

class BorrowedTransactionTest : public testing::Test {
 protected:
  BorrowedTransactionTest() {
    connection_.Run("CREATE TABLE people(name)");
    SqliteCacheOptions options;
    options.max_entries = 3;
    cache_ = Must(SqliteCache::OpenOn(connection_.get(), options));
    for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  }
  ~BorrowedTransactionTest() override {
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
  }

  const PlainSqlite connection_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(BorrowedTransactionTest, ACommitKeepsWhatWasSet) {
  connection_.Run("BEGIN; INSERT INTO people VALUES ('Ada')");
  Set(*cache_, "a", "new");
  ASSERT_TRUE(cache_->backend()->InvalidateRaw("b").ok());
  EXPECT_EQ(Get(*cache_, "a"), "new");
  connection_.Run("COMMIT");
  EXPECT_EQ(Get(*cache_, "a"), "new");
  EXPECT_EQ(Get(*cache_, "b"), "<miss>");
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM people"), 1);
}

TEST_F(BorrowedTransactionTest, ARollbackUndoesAddsAndRemovedPrefixes) {
  Get(*cache_, "a");
  connection_.Run("BEGIN");
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("a").ok());
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "c"}));
  ASSERT_TRUE(*cache_->backend()->AddRaw("d", "value", kNoTtl));
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "c", "d"}));
  connection_.Run("ROLLBACK");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b", "c"}));
  // That a was used has been undone by nobody.
  ASSERT_TRUE(*cache_->backend()->AddRaw("d", "value", kNoTtl));
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
}

TEST_F(BorrowedTransactionTest, ARollbackUndoesWhatWasSet) {
  connection_.Run("BEGIN; INSERT INTO people VALUES ('Ada')");
  Set(*cache_, "a", "new");
  Set(*cache_, "d");
  ASSERT_TRUE(cache_->backend()->InvalidateRaw("c").ok());
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "d"}));
  connection_.Run("ROLLBACK");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b", "c"}));
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(cache_->Stats().entries, 3u);
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM people"), 0);
}

TEST_F(BorrowedTransactionTest, ARollbackUndoesAClear) {
  connection_.Run("BEGIN");
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(PathsIn(*cache_), StringSet());
  connection_.Run("ROLLBACK");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b", "c"}));
}

TEST_F(BorrowedTransactionTest, ASavepointOfTheCallersMayBeRolledBackTo) {
  connection_.Run("SAVEPOINT mine");
  Set(*cache_, "a", "new");
  connection_.Run("SAVEPOINT inner");
  Set(*cache_, "a", "newer");
  connection_.Run("ROLLBACK TO inner; RELEASE inner");
  EXPECT_EQ(Get(*cache_, "a"), "new");
  connection_.Run("RELEASE mine");
  EXPECT_EQ(Get(*cache_, "a"), "new");
}

// The uses that chose a victim are not lost with the victim's eviction.
TEST_F(BorrowedTransactionTest, ARollbackOfAnEvictionKeepsTheUses) {
  Get(*cache_, "a");
  connection_.Run("BEGIN");
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
  connection_.Run("ROLLBACK");
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
  Set(*cache_, "e");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "d", "e"}));
}

TEST_F(BorrowedTransactionTest, ARollbackOfAFlushKeepsTheUses) {
  Get(*cache_, "a");
  connection_.Run("BEGIN");
  ASSERT_TRUE(cache_->Flush().ok());
  connection_.Run("ROLLBACK");
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
}

TEST_F(BorrowedTransactionTest, ASetThatFailsUndoesOnlyItself) {
  connection_.Run("BEGIN; INSERT INTO people VALUES ('Ada')");
  Set(*cache_, "a", "new");
  connection_.Run(
      "CREATE TEMP TRIGGER refuse BEFORE INSERT ON usage"
      " BEGIN SELECT RAISE(FAIL, 'refused'); END");
  EXPECT_FALSE(cache_->backend()->SetRaw("b", "new", kNoTtl).ok());
  connection_.Run("DROP TRIGGER refuse; COMMIT");
  EXPECT_EQ(Get(*cache_, "a"), "new");
  EXPECT_EQ(Get(*cache_, "b"), "value");
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM people"), 1);
}

TEST_F(BorrowedTransactionTest, GetsReadInsideIt) {
  connection_.Run("BEGIN");
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(PathsIn(*cache_).size(), 3u);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  connection_.Run("INSERT INTO people VALUES ('Ada'); COMMIT");
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM people"), 1);
}

TEST_F(BorrowedTransactionTest, ClosingDoesNotEndIt) {
  connection_.Run("BEGIN; INSERT INTO people VALUES ('Ada')");
  Set(*cache_, "a", "new");
  Get(*cache_, "b");
  ASSERT_TRUE(cache_->Close().ok());
  connection_.Run("ROLLBACK");
  EXPECT_EQ(connection_.Int("SELECT count(*) FROM people"), 0);
  cache_ = Must(SqliteCache::OpenOn(connection_.get()));
  EXPECT_EQ(Get(*cache_, "a"), "value");
}

TEST(BorrowedTablesTest, ThatWereMadeInATransactionGoWithIt) {
  const PlainSqlite connection;
  connection.Run("BEGIN");
  const auto cache = Must(SqliteCache::OpenOn(connection.get()));
  Set(*cache, "a");
  connection.Run("ROLLBACK");
  // An error that says so, from each call; nothing worse.
  for (const Status& status : {cache->backend()->SetRaw("a", "value", kNoTtl),
                               cache->backend()->GetRaw("a").status(),
                               cache->backend()->InvalidateRaw("a"),
                               cache->Clear(), cache->Check().status()}) {
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.ToString().find("no such table"), std::string::npos)
        << status.ToString();
  }
  EXPECT_EQ(connection.Rows("SELECT name FROM sqlite_schema"), Strings());
}

}  // namespace
}  // namespace appcache::borrowed_transaction_test
