// SetMany while a flush collects: SQLite gets all of a batch or nothing of it,
// wherever the flush is.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "engine/residency/directory.h"
#include "tests/engine/held_call.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache::whole_batch_test {
namespace {

// In every shard, and few enough for one transaction of a flush.
constexpr int kKeys = 500;

class WholeBatchTest : public testing::Test {
 protected:
  void SetAll(const std::string& value) {
    std::vector<std::string> paths;
    for (int i = 0; i < kKeys; ++i) paths.push_back(std::to_string(i));
    std::vector<RawEntry> entries;
    for (const std::string& path : paths) entries.push_back({path, value});
    EXPECT_TRUE(cache_->backend()->SetManyRaw(entries).ok());
  }

  // The distinct values that SQLite has, and of how many rows.
  Strings Values() const {
    return shell_.Rows("SELECT value, count(*) FROM entries GROUP BY value");
  }

  static constexpr char kName[] = "whole";

  // No flush but those of the test.
  static SqliteCacheOptions Options() {
    SqliteCacheOptions options;
    options.write_behind_interval = std::chrono::hours(1);
    return options;
  }

  const std::unique_ptr<SqliteCache> cache_ =
      Must(SqliteCache::OpenInMemory(Options(), kName));
  const PlainSqlite shell_ = ConnectTo(kName);
};

TEST_F(WholeBatchTest, IsInTheNextFlushWhereverThisOneIs) {
  constexpr int kShards = residency::Directory::kShards;
  std::string before = "0";
  SetAll(before);
  for (int shard = 1; shard <= kShards; shard += 9) {
    SCOPED_TRACE(shard);
    HeldCall flush(
        "flush.collecting", [&] { return cache_->Flush().ok(); }, shard);
    const std::string value = std::to_string(shard);
    SetAll(value);
    EXPECT_TRUE(flush.Finish());
    EXPECT_EQ(Values(), Strings{before + "|" + std::to_string(kKeys)});
    before = value;
  }
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Values(), Strings{before + "|" + std::to_string(kKeys)});
}

TEST_F(WholeBatchTest, IsWrittenAlthoughTheCacheIsClearedThen) {
  SetAll("1");
  HeldCall flush(
      "flush.collecting", [&] { return cache_->Flush().ok(); }, 32);
  HeldCall clear("clear.emptied", [&] { return cache_->Clear().ok(); });
  EXPECT_TRUE(flush.Finish());
  EXPECT_EQ(Values(), Strings{"1|" + std::to_string(kKeys)});
  EXPECT_TRUE(clear.Finish());
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Values(), Strings());
}

}  // namespace
}  // namespace appcache::whole_batch_test
