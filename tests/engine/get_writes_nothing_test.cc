// E4: a get never writes, and never waits for whoever writes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::get_writes_nothing_test {
namespace {

constexpr int kEntries = 100;

void Fill(SqliteCache& cache) {
  for (int i = 0; i < kEntries; ++i) Set(cache, std::to_string(i));
}

// Ten gets of each entry, and as many of none.
void GetAll(SqliteCache& cache) {
  for (int i = 0; i < 20 * kEntries; ++i) {
    EXPECT_EQ(Get(cache, std::to_string(i % (2 * kEntries))),
              i % (2 * kEntries) < kEntries ? "value" : "<miss>");
  }
}

TEST(GetWritesNothingTest, OnAConnectionItIsOneSelect) {
  PlainSqlite connection;
  const auto cache = Must(SqliteCache::OpenOn(connection.get()));
  Fill(*cache);
  struct Seen {
    int selects = 0;
    std::string other;
  } seen;
  sqlite3_trace_v2(
      connection.get(), SQLITE_TRACE_STMT,
      [](unsigned, void* context, void*, void* sql) {
        auto& seen = *static_cast<Seen*>(context);
        const std::string text = static_cast<const char*>(sql);
        text.starts_with("SELECT") ? (void)++seen.selects
                                   : (void)(seen.other += text);
        return 0;
      },
      &seen);
  const int changes = sqlite3_total_changes(connection.get());
  GetAll(*cache);
  EXPECT_EQ(seen.selects, 20 * kEntries);
  EXPECT_EQ(seen.other, "");
  EXPECT_EQ(sqlite3_total_changes(connection.get()), changes);
  sqlite3_trace_v2(connection.get(), 0, nullptr, nullptr);
}

class FileTest : public testing::Test {
 protected:
  FileTest() {
    // It stands still, so that no flush becomes due.
    options_.clock = std::make_shared<FakeClock>();
    options_.busy_timeout = std::chrono::milliseconds(0);
    cache_ = Must(SqliteCache::OpenFile(file_, options_));
    Fill(*cache_);
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(FileTest, AGetLeavesTheFileAndItsLogAsTheyAre) {
  const PlainSqlite other(file_);
  const int64_t version = other.Int("PRAGMA data_version");
  const std::string database = Scratch::ReadAll(file_);
  const std::string log = Scratch::ReadAll(file_ + "-wal");
  GetAll(*cache_);
  EXPECT_EQ(other.Int("PRAGMA data_version"), version);
  EXPECT_TRUE(Scratch::ReadAll(file_) == database);
  EXPECT_TRUE(Scratch::ReadAll(file_ + "-wal") == log);
  // It would have been seen:
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_NE(other.Int("PRAGMA data_version"), version);
}

TEST_F(FileTest, AGetDoesNotWaitForAWriteTransaction) {
  const PlainSqlite other(file_);
  other.Run("BEGIN IMMEDIATE; UPDATE entries SET value = 'not committed'");
  GetAll(*cache_);
  EXPECT_TRUE(cache_->backend()->TtlRaw("1"));
  EXPECT_TRUE(cache_->backend()->GetTimedRaw("1"));
  EXPECT_EQ(PathsIn(*cache_).size(), static_cast<size_t>(kEntries));
  EXPECT_EQ(cache_->Stats().entries, static_cast<uint64_t>(kEntries));
  EXPECT_TRUE(
      cache_->backend()->SetRaw("1", "new", kNoTtl).Is(ErrorCode::kBusy));
  other.Run("ROLLBACK");
  EXPECT_TRUE(cache_->backend()->SetRaw("1", "new", kNoTtl).ok());
}

TEST_F(FileTest, AGetDoesNotWaitForTheWriterLane) {
  // As another process holds it.
  const int lane = open((file_ + "-lane").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(lane, 0);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(fcntl(lane, F_OFD_SETLK, &lock), 0);
  GetAll(*cache_);
  const Status status = cache_->backend()->SetRaw("1", "new", kNoTtl);
  EXPECT_TRUE(status.Is(ErrorCode::kBusy));
  EXPECT_NE(status.ToString().find("another process"), std::string::npos)
      << status.ToString();
  EXPECT_TRUE(cache_->Flush().Is(ErrorCode::kBusy));
  close(lane);
  EXPECT_TRUE(cache_->backend()->SetRaw("1", "new", kNoTtl).ok());
  EXPECT_EQ(Get(*cache_, "1"), "new");
}

// What the failed calls above have to leave as it was.
TEST_F(FileTest, ASetThatIsBusyChangesNothing) {
  const PlainSqlite other(file_);
  other.Run("BEGIN IMMEDIATE");
  EXPECT_TRUE(
      cache_->backend()->SetRaw("1", "new", kNoTtl).Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("2").Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->Clear().Is(ErrorCode::kBusy));
  other.Run("COMMIT");
  EXPECT_EQ(Get(*cache_, "1"), "value");
  EXPECT_EQ(Get(*cache_, "2"), "value");
  EXPECT_EQ(cache_->Stats().entries, static_cast<uint64_t>(kEntries));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

}  // namespace
}  // namespace appcache::get_writes_nothing_test
