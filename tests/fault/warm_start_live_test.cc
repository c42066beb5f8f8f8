// A warm start from the file of a cache that is in use.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/temp_dir.h"

namespace appcache::warm_start_live_test {
namespace {

constexpr int kEntries = 100;

class WarmStartLiveTest : public testing::Test {
 protected:
  WarmStartLiveTest() { options_.vfs = vfs_.name(); }

  void Open() {
    auto opened = SqliteCache::OpenFile(path_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    live_ = *std::move(opened);
  }

  // Sets every entry to a value that is made of `letter`.
  void SetAll(char letter, size_t size) {
    const std::string value(size, letter);
    std::vector<std::string> paths;
    std::vector<RawEntry> entries;
    for (int i = 0; i < kEntries; ++i) paths.push_back(std::to_string(i));
    for (const std::string& path : paths) entries.push_back({path, value});
    const Status set = live_->backend()->SetManyRaw(entries);
    EXPECT_TRUE(set.ok()) << set.ToString();
  }

  // Into the database itself, which leaves the log empty.
  void SetAllAndCheckpoint(char letter, size_t size) {
    SetAll(letter, size);
    const Status flushed = live_->Flush();
    EXPECT_TRUE(flushed.ok()) << flushed.ToString();
  }

  void ExpectEveryEntryWhole(SqliteCache& cache) {
    int entries = 0;
    const Status status = cache.ForEachEntry([&](const StoredEntry& entry) {
      const std::string_view value = entry.value.view();
      EXPECT_TRUE(value.size() == 50 || value.size() == 9000) << value.size();
      EXPECT_EQ(value, std::string(value.size(), value[0]));
      ++entries;
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(entries, kEntries);
  }

  FaultyVfs vfs_{"interrupting"};
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> live_;
};

// At each moment of it, the cache changes every page.
TEST_F(WarmStartLiveTest, WritesAndCheckpointsMeanwhileDoNotDisturbIt) {
  Open();
  bool interrupted = true;
  uint64_t call = 0;
  while (interrupted && !HasFailure()) {
    ++call;
    SCOPED_TRACE("before call " + std::to_string(call));
    SetAllAndCheckpoint('a', 50);
    interrupted = false;
    vfs_.InterruptAt(call, [&] {
      interrupted = true;
      SetAllAndCheckpoint('b', 9000);
    });
    auto warm = SqliteCache::OpenInMemoryFrom(path_, options_, "warm");
    vfs_.InterruptAt(0, nullptr);
    ASSERT_TRUE(warm.ok()) << warm.status().ToString();
    ExpectEveryEntryWhole(**warm);
  }
  EXPECT_GT(call, 5u);
}

}  // namespace
}  // namespace appcache::warm_start_live_test
