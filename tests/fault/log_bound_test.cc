// The write-ahead log of a file, and of a database in memory, stays bounded,
// whoever reads while it waits.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace appcache::log_bound_test {
namespace {

// The engine allows no less than this.
constexpr uint64_t kMaxLogBytes = uint64_t{8} << 20;
// What the transaction that reaches the limit may add to it.
constexpr uint64_t kSlack = uint64_t{1} << 20;

enum class Store { kMemory, kFile };

// A read transaction that does not end: of another process on a file, of
// another connection in memory.
class OldReader {
 public:
  OldReader(Store store, const std::string& path) {
    if (store == Store::kFile) {
      process_ = std::make_unique<ChildProcess>(
          std::vector<std::string>{"hold-read", path});
      EXPECT_EQ(process_->ReadLine(), "ready");
      return;
    }
    const Result<sqlite3*> connection = SqliteCache::ConnectInMemory("bound");
    EXPECT_TRUE(connection.ok()) << connection.status().ToString();
    db_ = connection.ok() ? *connection : nullptr;
    EXPECT_EQ(sqlite3_exec(db_, "BEGIN; SELECT count(*) FROM entries", nullptr,
                           nullptr, nullptr),
              SQLITE_OK);
  }
  ~OldReader() { sqlite3_close(db_); }
  OldReader(const OldReader&) = delete;
  OldReader& operator=(const OldReader&) = delete;

  void End() {
    if (process_ != nullptr) {
      process_->WriteLine("go");
      EXPECT_EQ(process_->Wait(), 0);
    } else {
      EXPECT_EQ(sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr),
                SQLITE_OK);
    }
  }

 private:
  std::unique_ptr<ChildProcess> process_;
  sqlite3* db_ = nullptr;
};

class LogBoundTest : public testing::TestWithParam<Store> {
 protected:
  void Open(std::chrono::milliseconds busy_timeout) {
    SqliteCacheOptions options;
    options.max_entries = 50;
    options.max_log_bytes = kMaxLogBytes;
    options.busy_timeout = busy_timeout;
    // In memory, so that a get reads SQLite.
    options.resident_bytes = 0;
    auto opened = GetParam() == Store::kFile
                      ? SqliteCache::OpenFile(path_, options)
                      : SqliteCache::OpenInMemory(options, "bound");
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
  }

  // Until SQLite has it: in memory that is a flush later.
  Status Set(int i) {
    const Status set =
        cache_->SetByStr(std::to_string(i),
                         std::string(40'000, static_cast<char>('a' + i % 26)));
    return set.ok() && GetParam() == Store::kMemory ? cache_->Flush() : set;
  }
  // In memory with an index of 32 KiB for each 4096 pages.
  uint64_t LogBytes() const {
    return GetParam() == Store::kFile
               ? std::filesystem::file_size(path_ + "-wal")
               : *cache_->Stats().log_memory_bytes;
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  std::unique_ptr<SqliteCache> cache_;
};

TEST_P(LogBoundTest, AnOldSnapshotMakesSetsBusyAndGetsGoOn) {
  Open(std::chrono::milliseconds(20));
  ASSERT_TRUE(Set(0).ok());
  OldReader reader(GetParam(), path_);

  int sets = 1;
  Status status;
  for (; sets < 2000; ++sets) {
    status = Set(sets);
    if (!status.ok()) break;
  }
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_NE(status.ToString().find("old snapshot"), std::string::npos)
      << status.ToString();
  EXPECT_GT(sets, 100);
  EXPECT_LE(LogBytes(), kMaxLogBytes + kSlack);
  for (int i = sets - 10; i < sets; ++i) {
    EXPECT_TRUE(cache_->GetByStr<std::string>(std::to_string(i)).is_hit());
  }
  EXPECT_TRUE(Set(sets).Is(ErrorCode::kBusy));
  EXPECT_LE(LogBytes(), kMaxLogBytes + kSlack);

  reader.End();
  status = Set(sets);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_LE(LogBytes(), GetParam() == Store::kFile ? 0u : 100'000u);
}

TEST_P(LogBoundTest, GetsThatOverlapAllTheTimeDoNotKeepItFromStartingOver) {
  constexpr int kReaders = 4;
  constexpr int kSets = 800;  // some four times what the log may hold
  Open(SqliteCacheOptions().busy_timeout);
  ASSERT_TRUE(Set(0).ok());
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([this, &done] {
      while (!done) {
        EXPECT_FALSE(cache_->GetByStr<std::string>("0").has_error());
      }
    });
  }
  uint64_t largest = 0;
  for (int i = 0; i < kSets; ++i) {
    const Status status = Set(i % 100);
    EXPECT_TRUE(status.ok()) << status.ToString();
    largest = std::max(largest, LogBytes());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(largest, 0u);
  EXPECT_LE(largest, kMaxLogBytes + kSlack);
}

INSTANTIATE_TEST_SUITE_P(Stores, LogBoundTest,
                         testing::Values(Store::kMemory, Store::kFile),
                         [](const testing::TestParamInfo<Store>& info) {
                           return info.param == Store::kMemory ? "Memory"
                                                               : "File";
                         });

}  // namespace
}  // namespace appcache::log_bound_test
