// Memory runs out while a cache is opened.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "tests/fault/oom_loop.h"

namespace appcache::oom_open_test {
namespace {

class OomOpenTest : public OomLoop {
 protected:
  void Fill() {
    Remove();
    auto cache = OpenIt(Options());
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    ASSERT_TRUE((*cache)->SetByStr<std::string>("key", "value").ok());
  }

  const Open open_ = [this](SqliteCacheOptions options) {
    return OpenIt(std::move(options));
  };

  static std::string ValueIn(SqliteCache& cache) {
    return cache.GetByStr<std::string>("key").value_or("<none>");
  }
};

TEST_P(OomOpenTest, ANewOne) {
  FailEverywhereInOpen(
      [this] { Remove(); }, open_,
      [](SqliteCache& cache) { EXPECT_EQ(cache.Stats().entries, 0u); });
}

TEST_P(OomOpenTest, OneThatIsOpenAlready) {
  Fill();
  auto first = OpenIt(Options());
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->SetByStr<std::string>("key", "value").ok());
  ASSERT_EQ(ValueIn(**first), "value");
  FailEverywhereInOpen(
      [] {}, open_,
      [](SqliteCache& cache) { EXPECT_EQ(ValueIn(cache), "value"); });
}

INSTANTIATE_TEST_SUITE_P(Where, OomOpenTest,
                         testing::Values(Where::kMemory, Where::kFile),
                         NameOfWhere);

using OomOpenFileTest = OomOpenTest;

TEST_P(OomOpenFileTest, ThatIsThereAlready) {
  Fill();
  FailEverywhereInOpen(
      [] {}, open_,
      [](SqliteCache& cache) { EXPECT_EQ(ValueIn(cache), "value"); });
}

TEST_P(OomOpenFileTest, OfAnOlderBuild) {
  FailEverywhereInOpen(
      [this] {
        Fill();
        MakeOlder();
      },
      open_, [](SqliteCache& cache) { EXPECT_EQ(ValueIn(cache), "value"); });
}

INSTANTIATE_TEST_SUITE_P(Where, OomOpenFileTest, testing::Values(Where::kFile),
                         NameOfWhere);

class OomOpenOnTest : public OomLoop {
 protected:
  void SetUp() override {
    ASSERT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
    Execute("CREATE TABLE mine(x)");
  }
  void TearDown() override { sqlite3_close(db_); }

  void Execute(const char* sql) {
    ASSERT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
  }

  void Forget() {
    if (sqlite3_get_autocommit(db_) == 0) Execute("ROLLBACK");
    Execute(
        "DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS usage;"
        "DROP TABLE IF EXISTS meta;");
  }

  // `make` creates the tables, or none.
  void FailEverywhereWith(const std::function<void()>& make,
                          bool in_transaction) {
    FailEverywhereInOpen(
        [&] {
          Forget();
          make();
          if (in_transaction) Execute("BEGIN; INSERT INTO mine VALUES (1)");
        },
        [&](SqliteCacheOptions options) {
          auto opened = SqliteCache::OpenOn(db_, std::move(options));
          if (!opened.ok()) {
            const FailingMemory::Pause pause;
            // No transaction is left behind. (The caller's may be gone: SQLite
            // rolls all back for some errors.)
            EXPECT_TRUE(in_transaction || sqlite3_get_autocommit(db_) != 0);
          }
          return opened;
        },
        [](SqliteCache& cache) {
          ASSERT_TRUE(cache.SetByStr<std::string>("key", "value").ok());
          EXPECT_EQ(cache.GetByStr<std::string>("key").value_or(""), "value");
        });
  }

  sqlite3* db_ = nullptr;
};

// Once only: with no memory at all SQLite does not roll back either.
TEST_P(OomOpenOnTest, AConnectionOfTheCallers) {
  FailOnceOnly();
  FailEverywhereWith([] {}, /*in_transaction=*/false);
  FailEverywhereWith([] {}, /*in_transaction=*/true);
}

TEST_P(OomOpenOnTest, TablesOfAnOlderBuild) {
  FailOnceOnly();
  const auto make_older = [this] {
    ASSERT_TRUE(SqliteCache::OpenOn(db_).ok());
    Execute("ALTER TABLE entries DROP COLUMN checksum");
  };
  FailEverywhereWith(make_older, /*in_transaction=*/false);
  FailEverywhereWith(make_older, /*in_transaction=*/true);
}

INSTANTIATE_TEST_SUITE_P(Where, OomOpenOnTest, testing::Values(Where::kMemory),
                         NameOfWhere);

}  // namespace
}  // namespace appcache::oom_open_test
