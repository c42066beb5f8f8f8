// The write-ahead log while a snapshot is written, whose reader keeps it from
// restarting.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/temp_dir.h"

namespace appcache::snapshot_log_test {
namespace {

// The engine allows no less than this.
constexpr uint64_t kMaxLogBytes = uint64_t{8} << 20;
// What the transaction that reaches the limit may add to it; and the index of a
// log in memory.
constexpr uint64_t kSlack = uint64_t{1} << 20;

constexpr int kEntries = 300;
constexpr size_t kValueBytes = 40'000;
constexpr uint64_t kDatabaseBytes = kEntries * kValueBytes;

enum class Store { kMemory, kFile };

class SnapshotLogTest : public testing::TestWithParam<Store> {
 protected:
  void SetUp() override {
    SqliteCacheOptions options;
    options.max_entries = kEntries;
    options.max_log_bytes = kMaxLogBytes;
    options.busy_timeout = std::chrono::milliseconds(0);
    // Nobody writes beside the test.
    options.touch_flush_interval = std::chrono::hours(1);
    options.vfs = vfs_.name();
    auto opened = GetParam() == Store::kMemory
                      ? SqliteCache::OpenInMemory(options, "source")
                      : SqliteCache::OpenFile(source_, options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
    for (int i = 0; i < kEntries; ++i) {
      const Status status = Set(i, 'a');
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    ASSERT_TRUE(cache_->Flush().ok());
  }

  // Until SQLite has it: in memory that is a flush later.
  Status Set(int i, char letter) {
    const Status set = cache_->backend()->SetRaw(
        std::to_string(i % kEntries), std::string(kValueBytes, letter), kNoTtl);
    return set.ok() && GetParam() == Store::kMemory ? cache_->Flush() : set;
  }

  uint64_t LogBytes() const {
    return GetParam() == Store::kMemory
               ? *cache_->Stats().log_memory_bytes
               : std::filesystem::file_size(source_ + "-wal");
  }

  // The size of the file in which a snapshot is being written.
  uint64_t BytesWritten() const {
    uint64_t bytes = 0;
    for (const auto& item :
         std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = item.path().filename();
      if (name.find(".snapshot-") != std::string::npos) {
        bytes = std::max<uint64_t>(bytes, item.file_size());
      }
    }
    return bytes;
  }

  // Runs `interrupt` when a tenth of the snapshot is in its file.
  void Interrupt(const std::function<void()>& interrupt) {
    vfs_.InterruptAt(1, [this, interrupt] {
      if (BytesWritten() > kDatabaseBytes / 10) {
        interrupt();
      } else {
        Interrupt(interrupt);
      }
    });
  }

  void ExpectSnapshotIsAllOf(char letter) {
    SqliteCacheOptions options;
    options.max_entries = kEntries;
    const auto copy = SqliteCache::OpenInMemoryFrom(path_, options, "copy");
    ASSERT_TRUE(copy.ok()) << copy.status().ToString();
    EXPECT_EQ((*copy)->Stats().entries, static_cast<uint64_t>(kEntries));
    const std::string value(kValueBytes, letter);
    const Status status = (*copy)->ForEachEntry([&](const StoredEntry& entry) {
      EXPECT_TRUE(entry.value.view() == value) << entry.info.path;
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  // As if there had been no snapshot.
  void ExpectLogIsBounded() {
    uint64_t largest = 0;
    for (int i = 0; i < 2 * kEntries; ++i) {
      const Status status = Set(i, 'c');
      ASSERT_TRUE(status.ok()) << status.ToString();
      if (i > 0) largest = std::max(largest, LogBytes());
    }
    EXPECT_LE(largest, kMaxLogBytes + kSlack);
  }

  FaultyVfs vfs_{"interrupting"};
  const TempDir directory_;
  const std::string source_ = directory_.path() + "/source.db";
  const std::string path_ = directory_.path() + "/snapshot.db";
  std::unique_ptr<SqliteCache> cache_;
};

TEST_P(SnapshotLogTest, SetsGoOnBeyondMaxLogBytesByTheSizeOfTheDatabase) {
  int sets = 0;
  Interrupt([&] {
    // As many bytes as the database has.
    for (; sets < kEntries; ++sets) {
      const Status status = Set(sets, 'b');
      EXPECT_TRUE(status.ok()) << sets << ": " << status.ToString();
    }
    EXPECT_GT(LogBytes(), kMaxLogBytes + kSlack);
  });
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(sets, kEntries);
  ExpectSnapshotIsAllOf('a');
  ASSERT_TRUE(cache_->Flush().ok());
  ExpectLogIsBounded();
}

TEST_P(SnapshotLogTest, SetsAreBusyWhenTheyExceedThatAndGetsGoOn) {
  bool interrupted = false;
  Interrupt([&] {
    interrupted = true;
    Status status;
    for (int sets = 0; status.ok() && sets < 10 * kEntries; ++sets) {
      status = Set(sets, 'b');
    }
    EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
    EXPECT_GT(LogBytes(), kMaxLogBytes + kDatabaseBytes);
    EXPECT_LE(LogBytes(), kMaxLogBytes + kDatabaseBytes + 3 * kSlack);
    EXPECT_EQ(cache_->backend()->GetRaw("0")->size(), kValueBytes);
  });
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(interrupted);
  ExpectSnapshotIsAllOf('a');
  // At once.
  EXPECT_TRUE(Set(0, 'c').ok());
  ASSERT_TRUE(cache_->Flush().ok());
  ExpectLogIsBounded();
}

// When the snapshot begins, nobody has the path open.
TEST_P(SnapshotLogTest, ACacheThatIsOpenedAtThePathMeanwhileMakesItBusy) {
  std::unique_ptr<SqliteCache> other;
  Interrupt([&] {
    auto opened = SqliteCache::OpenFile(path_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    other = *std::move(opened);
    EXPECT_TRUE(other->SetByStr<std::string>("key", "value").ok());
  });
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_NE(status.ToString().find("open as a cache"), std::string::npos)
      << status.ToString();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(BytesWritten(), 0u);
  EXPECT_EQ(other->GetByStr<std::string>("key").value_or(""), "value");
  other.reset();
  EXPECT_TRUE(cache_->Snapshot(path_).ok());
}

TEST_P(SnapshotLogTest, AClearMeanwhileDoesNotAffectIt) {
  bool interrupted = false;
  Interrupt([&] {
    interrupted = true;
    EXPECT_TRUE(cache_->Clear().ok());
    EXPECT_EQ(cache_->Stats().entries, 0u);
  });
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(interrupted);
  ExpectSnapshotIsAllOf('a');
}

// The snapshot is finished, or says that the cache has been closed.
TEST_P(SnapshotLogTest, ACloseMeanwhileDoesNotHarmIt) {
  Interrupt([&] { EXPECT_TRUE(cache_->Close().ok()); });
  const Status status = cache_->Snapshot(path_);
  EXPECT_TRUE(status.ok() || status.Is(ErrorCode::kUnavailable))
      << status.ToString();
  EXPECT_EQ(std::filesystem::exists(path_), status.ok());
  if (status.ok()) ExpectSnapshotIsAllOf('a');
}

INSTANTIATE_TEST_SUITE_P(Stores, SnapshotLogTest,
                         testing::Values(Store::kMemory, Store::kFile),
                         [](const testing::TestParamInfo<Store>& info) {
                           return info.param == Store::kMemory ? "Memory"
                                                               : "File";
                         });

}  // namespace
}  // namespace appcache::snapshot_log_test
