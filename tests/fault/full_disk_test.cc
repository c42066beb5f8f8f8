// A cache file on a disk that has room for so much and no more.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

constexpr uint64_t kRoom = 500'000;
constexpr int kEntries = 50;

class FullDiskTest : public testing::Test {
 protected:
  void Open(uint64_t max_entries = 10'000) {
    SqliteCacheOptions options;
    options.max_entries = max_entries;
    options.busy_timeout = std::chrono::milliseconds(1);
    options.cache.log = [](LogLevel, std::string_view) {};
    options.clock = std::make_shared<FakeClock>();
    options.vfs = disk_.name();
    auto opened = SqliteCache::OpenFile(path_, options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
  }

  static std::string ValueOf(int i, size_t bytes = 3000) {
    return std::string(bytes, static_cast<char>('a' + i % 26));
  }
  Status Set(int i) { return cache_->SetByStr(std::to_string(i), ValueOf(i)); }
  Status SetOf(size_t bytes, int i) {
    return cache_->SetByStr(std::to_string(i), ValueOf(i, bytes));
  }

  // Sets 0, 1, 2 ... until one fails; how many did not.
  int SetUntilFull() {
    for (int i = 0; i < 10'000; ++i) {
      const Status status = Set(i);
      if (status.ok()) continue;
      EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
      EXPECT_NE(status.error().message.find("disk"), std::string::npos);
      return i;
    }
    ADD_FAILURE() << "the disk is never full";
    return 0;
  }

  void ExpectHits(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(cache_->GetByStr<std::string>(std::to_string(i)).value_or(""),
                ValueOf(i))
          << i;
    }
  }

  void ExpectSound(uint64_t entries) {
    const Result<CheckReport> report = cache_->Check();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_TRUE(report->problems.empty()) << report->problems.front();
    EXPECT_EQ(report->entries, entries);
  }

  FaultyVfs disk_{"small disk"};
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(FullDiskTest, SetsAreFullAndGetsGoOnUntilThereIsRoomAgain) {
  Open();
  disk_.LimitBytes(kRoom);
  const int stored = SetUntilFull();
  ASSERT_GT(stored, 10);

  ExpectHits(stored);
  EXPECT_FALSE(cache_->GetByStr<std::string>(std::to_string(stored)).is_hit());
  EXPECT_TRUE(SetOf(100'000, stored).Is(ErrorCode::kFull));
  ExpectHits(stored);
  ExpectSound(static_cast<uint64_t>(stored));
  EXPECT_LE(disk_.bytes(), kRoom);

  disk_.LiftLimit();
  EXPECT_TRUE(Set(stored).ok());
  EXPECT_TRUE(cache_->Flush().ok());
  ExpectHits(stored + 1);
  ExpectSound(static_cast<uint64_t>(stored) + 1);
}

TEST_F(FullDiskTest, AnExistingFileIsOpenedAndRead) {
  Open();
  disk_.LimitBytes(kRoom);
  const int stored = SetUntilFull();
  // Closing cannot write the uses that there were; it loses nothing else.
  ExpectHits(1);
  EXPECT_TRUE(cache_->Close().Is(ErrorCode::kFull));
  disk_.LimitBytes(disk_.bytes());

  Open();
  ExpectHits(stored);
  EXPECT_TRUE(SetOf(100'000, stored).Is(ErrorCode::kFull));
  ExpectSound(static_cast<uint64_t>(stored));
}

TEST_F(FullDiskTest, ANewFileCannotBeMadeUntilThereIsRoom) {
  SqliteCacheOptions options;
  options.vfs = disk_.name();
  disk_.LimitBytes(1000);
  const auto opened = SqliteCache::OpenFile(path_, options);
  EXPECT_TRUE(opened.status().Is(ErrorCode::kFull))
      << opened.status().ToString();

  disk_.LiftLimit();
  Open();
  EXPECT_TRUE(Set(0).ok());
  ExpectSound(1);
}

// A cache that has reached its limits needs no more room than it has, but for
// the log.
TEST_F(FullDiskTest, FlushingMakesRoomInTheLog) {
  Open(kEntries);
  for (int i = 0; i < kEntries; ++i) ASSERT_TRUE(Set(i).ok());
  ASSERT_TRUE(cache_->Flush().ok());
  disk_.LimitBytes(disk_.bytes() + 100'000);
  for (int round = 0; round < 3; ++round) {
    EXPECT_LT(SetUntilFull(), 100);
    const Status flushed = cache_->Flush();
    EXPECT_TRUE(flushed.ok()) << flushed.ToString();
    EXPECT_TRUE(Set(round).ok());
  }
  ExpectSound(kEntries);
}

}  // namespace
}  // namespace appcache
