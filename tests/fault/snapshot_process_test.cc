// Snapshots to, and warm starts from, a file that another process uses.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace appcache::snapshot_process_test {
namespace {

class SnapshotProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = SqliteCache::OpenInMemory({}, "source");
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
    ASSERT_TRUE(cache_->SetByStr<std::string>("new", "value").ok());
  }

  std::unique_ptr<ChildProcess> Start(const std::string& command) const {
    auto process = std::make_unique<ChildProcess>(
        std::vector<std::string>{command, path_});
    EXPECT_EQ(process->ReadLine(), "ready");
    return process;
  }

  void ExpectSnapshotIsBusy(const std::string& words) {
    const Status status = cache_->Snapshot(path_);
    EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
    EXPECT_NE(status.ToString().find("cannot replace " + path_),
              std::string::npos)
        << status.ToString();
    EXPECT_NE(status.ToString().find(words), std::string::npos)
        << status.ToString();
    for (const auto& item :
         std::filesystem::directory_iterator(directory_.path())) {
      EXPECT_EQ(item.path().filename().string().find(".snapshot-"),
                std::string::npos)
          << item.path();
    }
  }

  // Those of a cache that is opened on the file.
  bool FileHas(const std::string& key) const {
    const auto opened = SqliteCache::OpenFile(path_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() && (*opened)->GetByStr<std::string>(key).is_hit();
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(SnapshotProcessTest, ToACacheThatAnotherProcessHasOpenIsBusy) {
  const auto holder = Start("hold-cache");
  ExpectSnapshotIsBusy("locked");
  holder->WriteLine("go");
  EXPECT_EQ(holder->Wait(), 0);
  EXPECT_TRUE(FileHas("held"));
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(FileHas("new"));
  EXPECT_FALSE(FileHas("held"));
}

// It leaves a log, a lock file and a cache that nobody uses.
TEST_F(SnapshotProcessTest, ToACacheWhoseProcessWasKilledReplacesIt) {
  const auto holder = Start("hold-cache");
  holder->Kill();
  ASSERT_GT(std::filesystem::file_size(path_ + "-wal"), 0u);
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_TRUE(FileHas("new"));
  EXPECT_FALSE(FileHas("held"));
}

TEST_F(SnapshotProcessTest, WhileAnotherProcessHoldsTheWriterLockIsBusy) {
  Start("hold-cache")->Kill();
  const auto holder = Start("hold-lane");
  ExpectSnapshotIsBusy("another process writes to it");
  holder->Kill();
  EXPECT_TRUE(FileHas("held"));
  EXPECT_TRUE(cache_->Snapshot(path_).ok());
}

// SQL on the file, without a cache.
TEST_F(SnapshotProcessTest, WhileAnotherProcessReadsACacheIsBusy) {
  Start("hold-cache")->Kill();
  const auto reader = Start("hold-read");
  ExpectSnapshotIsBusy("locked");
  reader->WriteLine("go");
  EXPECT_EQ(reader->Wait(), 0);
  EXPECT_TRUE(FileHas("held"));
}

TEST_F(SnapshotProcessTest, AWarmStartReadsWhatAnotherProcessHasOpen) {
  const auto holder = Start("hold-cache");
  const auto warm = SqliteCache::OpenInMemoryFrom(path_, {}, "warm");
  ASSERT_TRUE(warm.ok()) << warm.status().ToString();
  EXPECT_TRUE((*warm)->GetByStr<std::string>("held").is_hit());
  holder->WriteLine("go");
  EXPECT_EQ(holder->Wait(), 0);
  EXPECT_TRUE(FileHas("held"));
}

TEST_F(SnapshotProcessTest, AWarmStartReadsTheLogOfAProcessThatWasKilled) {
  Start("hold-cache")->Kill();
  ASSERT_GT(std::filesystem::file_size(path_ + "-wal"), 0u);
  const auto warm = SqliteCache::OpenInMemoryFrom(path_, {}, "warm");
  ASSERT_TRUE(warm.ok()) << warm.status().ToString();
  EXPECT_TRUE((*warm)->GetByStr<std::string>("held").is_hit());
  EXPECT_TRUE(FileHas("held"));
}

}  // namespace
}  // namespace appcache::snapshot_process_test
