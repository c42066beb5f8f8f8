// A flush that fails: nothing is lost or hidden, it is reported, and it is
// retried.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache::flush_failure_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kName[] = "flush-failure";
constexpr char kEntries[] = "SELECT key, value FROM entries ORDER BY key";
// No pause between two attempts is longer.
constexpr seconds kLongestBackoff{10};

class FlushFailureTest : public testing::Test {
 protected:
  FlushFailureTest() {
    options_.clock = clock_;
    options_.busy_timeout = milliseconds(0);
    options_.cache = log_.options();
    cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
    blocker_.emplace(kName);
    shell_.emplace(ConnectTo(kName));
  }

  Strings Rows() const { return shell_->Rows(kEntries); }
  uint64_t Failures() { return *cache_->Stats().flush_failures; }

  static void ExpectUnwritten(const Status& status, const std::string& count) {
    EXPECT_NE(status.ToString().find(": " + count +
                                     " changes of entries were not written: "),
              std::string::npos)
        << status.ToString();
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const CapturedLog log_;
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  std::optional<WriteBlocker> blocker_;
  std::optional<PlainSqlite> shell_;
};

TEST_F(FlushFailureTest, FlushReturnsTheErrorAndTheNumberOfChanges) {
  Set(*cache_, "removed");
  Set(*cache_, "replaced", "old");
  ASSERT_TRUE(cache_->Flush().ok());
  blocker_->TakeLock();
  EXPECT_TRUE(cache_->Flush().ok());  // nothing to write
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("removed").ok());
  Set(*cache_, "replaced", "new");
  Set(*cache_, "a");
  for (int i = 0; i < 2; ++i) {
    const Status flushed = cache_->Flush();
    EXPECT_TRUE(flushed.Is(ErrorCode::kBusy)) << flushed.ToString();
    ExpectUnwritten(flushed, "3");
  }
  EXPECT_EQ(Failures(), 2u);
  blocker_->ReleaseLock();
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Rows(), (Strings{"a|value", "replaced|new"}));
  EXPECT_EQ(Failures(), 2u);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(FlushFailureTest, EverythingStaysVisible) {
  Set(*cache_, "removed");
  Set(*cache_, "replaced", "old");
  ASSERT_TRUE(cache_->Flush().ok());
  blocker_->TakeLock();
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("removed").ok());
  Set(*cache_, "replaced", "new");
  Set(*cache_, "a");
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(Get(*cache_, "replaced"), "new");
  // SQLite still has it.
  EXPECT_EQ(Get(*cache_, "removed"), "<miss>");
  EXPECT_EQ(*cache_->Stats().entries, 2u);
  EXPECT_EQ(*cache_->Stats().pending_bytes, 6u + 11u);
  const Result<bool> added =
      cache_->backend()->AddRaw("removed", "added", kNoTtl);
  EXPECT_TRUE(added.ok() && *added);
  EXPECT_EQ(Get(*cache_, "removed"), "added");
  blocker_->ReleaseLock();
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Rows(), (Strings{"a|value", "removed|added", "replaced|new"}));
}

TEST_F(FlushFailureTest, WhatNeedsTheTablesFailsAndChangesNothing) {
  Set(*cache_, "a");
  blocker_->TakeLock();
  EXPECT_TRUE(cache_->Check().status().Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->CheckAndFix().status().Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->ForEachKey([](const EntryInfo&) { return true; })
                  .Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->backend()->InvalidatePrefixRaw("a").Is(ErrorCode::kBusy));
  EXPECT_EQ(Get(*cache_, "a"), "value");
  blocker_->ReleaseLock();
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a"}));
}

TEST_F(FlushFailureTest, TheBackgroundRetriesAndLogsEachErrorOnce) {
  blocker_->TakeLock();
  Set(*cache_, "a");
  clock_->Advance(options_.write_behind_interval);
  ASSERT_TRUE(Await([&] { return Failures() == 1; }));
  for (uint64_t failures = 2; failures < 5; ++failures) {
    // The maintenance thread may request its next run after this Advance.
    ASSERT_TRUE(Await([&] {
      if (Failures() >= failures) return true;
      clock_->Advance(kLongestBackoff);
      return false;
    }));
  }
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("will be retried"), std::string::npos);

  blocker_->ReleaseLock();
  ASSERT_TRUE(Await([&] {
    clock_->Advance(kLongestBackoff);
    return Rows() == Strings{"a|value"};
  }));
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(log_.lines().size(), 1u);

  // Another error, and the first one again.
  blocker_->Refuse();
  Set(*cache_, "b");
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_EQ(log_.lines().size(), 2u);
  blocker_->Accept();
  blocker_->TakeLock();
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_EQ(log_.lines().size(), 3u);
  blocker_->ReleaseLock();
  EXPECT_TRUE(cache_->Flush().ok());
}

TEST_F(FlushFailureTest, RetriesArePausedLongerAndLonger) {
  blocker_->TakeLock();
  Set(*cache_, "a");
  clock_->Advance(options_.write_behind_interval);
  ASSERT_TRUE(Await([&] { return Failures() == 1; }));
  // In a minute there are less than a dozen attempts, in steps of the interval.
  for (int i = 0; i < 240; ++i) {
    clock_->Advance(options_.write_behind_interval);
    std::this_thread::yield();
  }
  EXPECT_LT(Failures(), 13u);
  blocker_->ReleaseLock();
}

TEST_F(FlushFailureTest, CloseReturnsTheErrorAndTheNumberOfChanges) {
  Set(*cache_, "a");
  Set(*cache_, "b");
  blocker_->TakeLock();
  const Status closed = cache_->Close();
  EXPECT_TRUE(closed.Is(ErrorCode::kBusy)) << closed.ToString();
  ExpectUnwritten(closed, "2");
  EXPECT_TRUE(cache_->Close().ok());
  cache_.reset();
  blocker_->ReleaseLock();
  // They are lost, and the database is usable.
  EXPECT_EQ(Rows(), Strings());
  cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  Set(*cache_, "a");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// Several transactions, one of which fails.
TEST_F(FlushFailureTest, WhatWasNotWrittenIsWrittenLater) {
  constexpr int kEntries = 3000;
  const auto path = [](int i) { return "key" + std::to_string(i); };
  blocker_->Refuse(path(kEntries / 2));
  for (int i = 0; i < kEntries; ++i) Set(*cache_, path(i), std::to_string(i));
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_FALSE(cache_->Flush().ok());
  // What is pending can change.
  Set(*cache_, path(0), "new");
  EXPECT_TRUE(cache_->backend()->InvalidateRaw(path(1)).ok());
  EXPECT_FALSE(cache_->Flush().ok());
  const auto expect_all = [&] {
    EXPECT_EQ(Get(*cache_, path(0)), "new");
    EXPECT_EQ(Get(*cache_, path(1)), "<miss>");
    for (int i = 2; i < kEntries; ++i) {
      ASSERT_EQ(Get(*cache_, path(i)), std::to_string(i));
    }
  };
  expect_all();
  blocker_->Accept();
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(shell_->Int("SELECT count(*) FROM entries"), kEntries - 1);
  EXPECT_EQ(*cache_->Stats().pending_bytes, 0u);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  expect_all();
}

TEST_F(FlushFailureTest, AClearThatCouldNotBeWrittenIsWrittenLater) {
  Set(*cache_, "old");
  ASSERT_TRUE(cache_->Flush().ok());
  blocker_->TakeLock();
  ASSERT_TRUE(cache_->Clear().ok());
  Set(*cache_, "new");
  EXPECT_FALSE(cache_->Flush().ok());
  EXPECT_EQ(Get(*cache_, "old"), "<miss>");
  EXPECT_EQ(Get(*cache_, "new"), "value");
  blocker_->ReleaseLock();
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(Rows(), (Strings{"new|value"}));
}

TEST_F(FlushFailureTest, RestoredEntriesKeepTheirTimesUntilTheyAreWritten) {
  std::vector<StoredEntry> entries(2);
  entries[0].info.path = "a";
  entries[0].info.last_used = TimePoint(seconds(2));
  entries[0].value = Bytes::Copy("1");
  entries[1].info.path = "b";
  entries[1].info.last_used = TimePoint(seconds(1));
  entries[1].value = Bytes::Copy("2");
  blocker_->TakeLock();
  EXPECT_TRUE(cache_->RestoreMany(entries).ok());
  EXPECT_EQ(Get(*cache_, "b"), "2");
  EXPECT_EQ(Failures(), 1u);
  blocker_->ReleaseLock();
  ASSERT_TRUE(cache_->Flush().ok());
  // b was accessed since.
  EXPECT_EQ(shell_->Rows("SELECT key FROM entries JOIN usage USING (h)"
                         " WHERE last_used = 2000000"),
            (Strings{"a"}));
  EXPECT_EQ(FlushedOrder(*cache_), (Strings{"a", "b"}));
}

}  // namespace
}  // namespace appcache::flush_failure_test
