// A cache file on a disk that has room for so much and no more.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lane/file_lock.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/temp_dir.h"

namespace appcache::full_disk_test {
namespace {

constexpr uint64_t kRoom = 500'000;
constexpr int kEntries = 50;

class FullDiskTest : public testing::Test {
 protected:
  void Open(uint64_t max_entries = 10'000) {
    SqliteCacheOptions options;
    options.max_entries = max_entries;
    options.busy_timeout = std::chrono::minutes(1);  // for maintenance
    options.cache.log = [](LogLevel, std::string_view) {};
    options.clock = clock_;
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

  // Whether `condition` holds soon, of what maintenance does.
  static bool Within(const std::function<bool()>& condition) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
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
  ExpectHits(1);
  EXPECT_TRUE(cache_->Close().ok());
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
// a short log.
TEST_F(FullDiskTest, EvictionGoesOnWithALogThatIsShort) {
  Open(kEntries);
  for (int i = 0; i < 2 * kEntries; ++i) ASSERT_TRUE(Set(i).ok());
  ASSERT_TRUE(cache_->Flush().ok());
  disk_.LimitBytes(disk_.bytes() + 100'000);
  for (int i = 0; i < 10 * kEntries; ++i) {
    const Status status = Set(i);
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
  }
  EXPECT_GT(disk_.injected(), 0u);  // the disk was full in between
  ExpectSound(kEntries);
}

// What leaves a full disk: everything that only removes.
class LeaveFullDiskTest : public FullDiskTest {
 protected:
  // Fills the disk with entries, and takes what is left of it.
  int Fill() {
    Open();
    disk_.LimitBytes(kRoom);
    const int stored = SetUntilFull();
    EXPECT_GT(stored, 10);
    TakeRest();
    return stored;
  }

  // Leaves the reserve, of which the VFS knows nothing.
  void TakeRest() {
    disk_.LimitBytes(disk_.bytes() + internal::FileLock::kReserveBytes);
  }
};

TEST_F(LeaveFullDiskTest, InvalidationsMakeRoomForSets) {
  const int stored = Fill();
  for (int i = 0; i < stored / 2; ++i) {
    const Status status = cache_->InvalidateByStr(std::to_string(i));
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
  }
  for (int i = 0; i < stored / 4; ++i) {
    const Status status = Set(i);
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
  }
  for (int i = stored / 2; i < stored; ++i) {
    EXPECT_EQ(cache_->GetByStr<std::string>(std::to_string(i)).value_or(""),
              ValueOf(i));
  }
  EXPECT_TRUE(cache_->Flush().ok());
  ExpectSound(static_cast<uint64_t>(stored - stored / 2 + stored / 4));
}

TEST_F(LeaveFullDiskTest, AClearMakesRoom) {
  const int stored = Fill();
  const Status cleared = cache_->Clear();
  ASSERT_TRUE(cleared.ok()) << cleared.ToString();
  ExpectSound(0);
  for (int i = 0; i < stored / 2; ++i) {
    const Status status = Set(i);
    EXPECT_TRUE(status.ok()) << i << ": " << status.ToString();
  }
  ExpectHits(stored / 2);
}

TEST_F(LeaveFullDiskTest, APrefixIsRemoved) {
  const int stored = Fill();
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("pyappcache/").ok());
  EXPECT_LT(cache_->Stats().entries, static_cast<uint64_t>(stored));
  EXPECT_TRUE(Set(0).ok());
}

TEST_F(LeaveFullDiskTest, ReopeningWithLowerLimitsEvicts) {
  Fill();
  ASSERT_TRUE(cache_->Close().ok());
  TakeRest();
  Open(/*max_entries=*/5);
  EXPECT_EQ(cache_->Stats().entries, 5u);
  const Status status = Set(10'000);
  EXPECT_TRUE(status.ok()) << status.ToString();
  ExpectSound(5);
}

// The column for checksums needs a page of the log, from the reserve.
TEST_F(LeaveFullDiskTest, AFileOfAnOlderBuildIsOpenedAndRead) {
  const int stored = Fill();
  EXPECT_TRUE(cache_->Close().ok());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "ALTER TABLE entries DROP COLUMN checksum",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
  TakeRest();
  Open();
  ExpectHits(stored);
  ExpectSound(static_cast<uint64_t>(stored));
}

TEST_F(LeaveFullDiskTest, WhatExpiresIsRemoved) {
  Open();
  ASSERT_TRUE(cache_->SetByStr("first", ValueOf(0), Ttl(1000)).ok());
  disk_.LimitBytes(kRoom);
  const int stored = SetUntilFull();
  TakeRest();
  clock_->Advance(std::chrono::hours(1));
  EXPECT_TRUE(cache_->InvalidateByStr("0").ok());
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_FALSE(cache_->GetByStr<std::string>("first").is_hit());
  EXPECT_TRUE(cache_->Close().ok());
  Open(static_cast<uint64_t>(stored) - 5);  // evicts what has expired first
  ExpectSound(static_cast<uint64_t>(stored) - 5);
}

// The reserve is for removals, and comes back.
TEST_F(LeaveFullDiskTest, TheReserveIsUsedByRemovalsOnlyAndIsRestored) {
  const auto has_reserve = [&] {
    struct stat info = {};
    EXPECT_EQ(stat((path_ + "-lane").c_str(), &info), 0);
    return info.st_blocks * 512 >= internal::FileLock::kReserveBytes;
  };
  const int stored = Fill();
  disk_.LimitBytes(disk_.bytes());
  ASSERT_TRUE(has_reserve());
  ExpectHits(stored);
  EXPECT_TRUE(cache_->Flush().Is(ErrorCode::kFull));
  EXPECT_TRUE(has_reserve());
  EXPECT_TRUE(cache_->InvalidateByStr("0").Is(ErrorCode::kFull));
  EXPECT_FALSE(has_reserve());
  disk_.LiftLimit();
  EXPECT_TRUE(Within([&] {
    clock_->Advance(std::chrono::seconds(1));
    return has_reserve();
  }));
}

TEST_F(LeaveFullDiskTest, TheFileBecomesSmallerInStepsThatFit) {
  Open();
  constexpr int kMany = 200;
  for (int i = 0; i < kMany; ++i) ASSERT_TRUE(Set(i).ok());
  ASSERT_TRUE(cache_->Flush().ok());
  const uint64_t before = disk_.bytes();
  disk_.LimitBytes(before + 18 * 4096);
  for (int i = 0; i < kMany; ++i) {
    if (i % 8 == 7) continue;
    const Status status = cache_->InvalidateByStr(std::to_string(i));
    ASSERT_TRUE(status.ok()) << i << ": " << status.ToString();
  }
  EXPECT_TRUE(Within([&] {
    clock_->Advance(std::chrono::seconds(1));
    return disk_.bytes() < before / 2;
  }));
  EXPECT_GT(disk_.injected(), 0u);
  ExpectSound(kMany / 8);
}

}  // namespace
}  // namespace appcache::full_disk_test
