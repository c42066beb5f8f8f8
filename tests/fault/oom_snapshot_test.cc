// Memory runs out while a snapshot is written, and while a cache starts with
// one.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fault/oom_loop.h"

namespace appcache::oom_snapshot_test {
namespace {

class OomSnapshotTest : public OomLoop {
 protected:
  // It has thousands.
  OomSnapshotTest() { set_stride(151); }

  static void Fill(SqliteCache& cache) {
    std::vector<std::pair<Key<std::string>, std::string>> entries;
    for (int i = 0; i < 10; ++i) {
      entries.emplace_back(Key<std::string>("key" + std::to_string(i)),
                           std::string(static_cast<size_t>(i) * 300, 'v'));
    }
    ASSERT_TRUE(cache.SetMany(entries).ok());
    EXPECT_TRUE(cache.GetByStr<std::string>("key1"));
  }

  // How many entries the file holds, as any program reads it.
  int64_t EntriesInFile() const {
    sqlite3* db = nullptr;
    sqlite3_stmt* statement = nullptr;
    int64_t entries = -1;
    if (sqlite3_open(file_.c_str(), &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM entries", -1, &statement,
                           nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      entries = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return entries;
  }

  void ExpectNothingBeside() const {
    for (const auto& item :
         std::filesystem::directory_iterator(directory_.path())) {
      EXPECT_EQ(item.path().filename(), "snapshot.db");
    }
  }

  const TempDir directory_;
  const std::string file_ = directory_.path() + "/snapshot.db";
};

// The old one has no entries.
TEST_P(OomSnapshotTest, ReplacesTheOldOneOrLeavesIt) {
  FailEverywhere(
      {.prepare =
           [&](SqliteCache& cache) {
             const Status status = cache.Snapshot(file_);
             ASSERT_TRUE(status.ok()) << status.ToString();
             Fill(cache);
           },
       .run = [&](SqliteCache& cache) { return cache.Snapshot(file_); },
       .check =
           [&](const Status& status) {
             EXPECT_EQ(EntriesInFile(), status.ok() ? 10 : 0);
             ExpectNothingBeside();
           }});
}

TEST_P(OomSnapshotTest, CreatesANewOneOrNothing) {
  FailEverywhere(
      {.prepare =
           [&](SqliteCache& cache) {
             std::filesystem::remove(file_);
             Fill(cache);
           },
       .run = [&](SqliteCache& cache) { return cache.Snapshot(file_); },
       .check =
           [&](const Status& status) {
             EXPECT_EQ(std::filesystem::exists(file_), status.ok());
             ExpectNothingBeside();
           }});
}

INSTANTIATE_TEST_SUITE_P(Where, OomSnapshotTest,
                         testing::Values(Where::kMemory, Where::kFile,
                                         Where::kConnection),
                         NameOfWhere);

using OomWarmStartTest = OomSnapshotTest;

TEST_P(OomWarmStartTest, LeavesNoDatabaseOfTheName) {
  {
    auto source = OpenIt(Options());
    ASSERT_TRUE(source.ok());
    Fill(**source);
    const Status status = (*source)->Snapshot(file_);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  const std::string name = "warm";
  FailEverywhereInOpen(
      [] {},
      [&](SqliteCacheOptions options) {
        auto opened =
            SqliteCache::OpenInMemoryFrom(file_, std::move(options), name);
        if (!opened.ok()) {
          const FailingMemory::Pause pause;
          EXPECT_FALSE(SqliteCache::ConnectInMemory(name).ok());
        }
        return opened;
      },
      [&](SqliteCache& cache) {
        EXPECT_EQ(cache.Stats().entries, 10u);
        EXPECT_EQ(cache.GetByStr<std::string>("key9").value_or(""),
                  std::string(2700, 'v'));
        ExpectNothingBeside();
      });
}

INSTANTIATE_TEST_SUITE_P(Where, OomWarmStartTest,
                         testing::Values(Where::kMemory), NameOfWhere);

}  // namespace
}  // namespace appcache::oom_snapshot_test
