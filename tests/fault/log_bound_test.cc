// The write-ahead log of a file, and of a database in memory, stays bounded,
// whoever reads while it waits.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
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
  // Another connection to the database.
  sqlite3* Connect() {
    sqlite3* db = nullptr;
    if (GetParam() == Store::kMemory) {
      const Result<sqlite3*> connection = SqliteCache::ConnectInMemory("bound");
      EXPECT_TRUE(connection.ok()) << connection.status().ToString();
      if (connection.ok()) db = *connection;
    } else {
      EXPECT_EQ(
          sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
          SQLITE_OK);
    }
    if (db != nullptr) sqlite3_busy_timeout(db, 60'000);
    return db;
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

// Reads on a connection of its own, and lasts until it is destroyed.
class ReadTransaction {
 public:
  explicit ReadTransaction(sqlite3* db) : db_(db) {
    Run("BEGIN; SELECT count(*) FROM entries");
  }
  ~ReadTransaction() { Run("COMMIT"); }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  void Run(const char* sql) {
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, &message), SQLITE_OK)
        << message;
    sqlite3_free(message);
  }

  sqlite3* const db_;
};

// Returns when the counter has not changed for some milliseconds after the log
// has become full, or has reached its end.
template <class IsFull>
void WaitUntilItStops(const std::atomic<int>& counter, int end,
                      const IsFull& is_full) {
  using Clock = std::chrono::steady_clock;
  int seen = counter;
  for (auto since = Clock::now();
       seen < end &&
       (Clock::now() - since < std::chrono::milliseconds(10) || !is_full());) {
    std::this_thread::yield();
    if (counter == seen) continue;
    seen = counter;
    since = Clock::now();
  }
}

// A restart waits for the slot of a reader with an old snapshot. When this one
// ends, a reader with the newest snapshot takes the slot, and from then on one
// reader begins before another one ends.
TEST_P(LogBoundTest, ReadersThatOverlapAllTheTimeDoNotKeepItFromStartingOver) {
  constexpr int kSets = 800;  // some four times what the log may hold
  Open(SqliteCacheOptions().busy_timeout);
  ASSERT_TRUE(Set(0).ok());
  sqlite3* const connections[] = {Connect(), Connect()};
  for (sqlite3* const connection : connections) ASSERT_NE(connection, nullptr);
  std::atomic<int> sets{0};
  uint64_t largest = 0;
  std::thread setting([&] {
    while (sets < kSets) {
      const Status status = Set(sets % 100);
      EXPECT_TRUE(status.ok()) << status.ToString();
      largest = std::max(largest, LogBytes());
      ++sets;
    }
  });
  std::optional<ReadTransaction> readers[2];
  while (sets < kSets) {
    readers[0].emplace(connections[0]);
    WaitUntilItStops(sets, kSets,
                     [&] { return LogBytes() >= kMaxLogBytes - kSlack; });
    readers[0].reset();
    const int waiting = sets;
    readers[0].emplace(connections[0]);
    for (size_t i = 1; sets == waiting && sets < kSets; ++i) {
      readers[i % 2].emplace(connections[i % 2]);
      readers[(i + 1) % 2].reset();
    }
    for (std::optional<ReadTransaction>& reader : readers) reader.reset();
  }
  setting.join();
  for (sqlite3* const connection : connections) sqlite3_close(connection);
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
