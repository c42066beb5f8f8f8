// The write-behind window: its options, what happens when it is full, and
// values that are too large for it.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::write_window_test {
namespace {

using std::chrono::milliseconds;

constexpr char kName[] = "window";
constexpr char kKeys[] = "SELECT key FROM entries ORDER BY key";

std::string LimitOf(const SqliteCache& cache, const std::string& name) {
  for (const auto& [limit, value] : cache.Traits().limits) {
    if (limit == name) return value;
  }
  return "none";
}

// --- Options.

void ExpectRefused(const SqliteCacheOptions& options,
                   const std::string& option) {
  const auto opened = SqliteCache::OpenInMemory(options, kName);
  EXPECT_TRUE(opened.status().Is(ErrorCode::kInvalidArgument))
      << opened.status().ToString();
  EXPECT_NE(opened.status().ToString().find(option), std::string::npos)
      << opened.status().ToString();
}

TEST(WindowOptionsTest, AreChecked) {
  SqliteCacheOptions options;
  options.write_behind_bytes = (64 << 10) - 1;
  ExpectRefused(options, "write_behind_bytes");
  options.write_behind_bytes = (uint64_t{1} << 62) + 1;
  ExpectRefused(options, "write_behind_bytes");
  options = {};
  options.write_behind_interval = milliseconds(0);
  ExpectRefused(options, "write_behind_interval");
  options.write_behind_interval = std::chrono::hours(24 * 365 + 1);
  ExpectRefused(options, "write_behind_interval");
}

TEST(WindowOptionsTest, AreShownByTraits) {
  SqliteCacheOptions options;
  options.write_behind_bytes = 123'456;
  options.write_behind_interval = milliseconds(77);
  const auto cache = Must(SqliteCache::OpenInMemory(options, kName));
  EXPECT_EQ(LimitOf(*cache, "write_behind_bytes"), "123456");
  EXPECT_EQ(LimitOf(*cache, "write_behind_interval"), "77 ms");
}

TEST(WindowOptionsTest, AFileAndALimitedDatabaseHaveNoWindow) {
  const Scratch scratch;
  const auto file = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  EXPECT_EQ(LimitOf(*file, "write_behind_bytes"), "none");
  SqliteCacheOptions options;
  options.max_database_bytes = 4 << 20;
  const auto limited = Must(SqliteCache::OpenInMemory(options, kName));
  EXPECT_EQ(LimitOf(*limited, "write_behind_interval"), "none");
  Set(*limited, "a");
  EXPECT_EQ(ConnectTo(kName).Rows(kKeys), (Strings{"a"}));
}

TEST(WindowOptionsTest, MustAgreeAmongTheCachesOfAName) {
  SqliteCacheOptions options;
  const auto cache = Must(SqliteCache::OpenInMemory(options, kName));
  options.write_behind_interval = milliseconds(123);
  auto other = SqliteCache::OpenInMemory(options, kName);
  EXPECT_TRUE(other.status().Is(ErrorCode::kInvalidArgument));
  for (const char* const value : {"250 ms", "123 ms"}) {
    EXPECT_NE(other.status().ToString().find(value), std::string::npos)
        << other.status().ToString();
  }
  options = {};
  options.write_behind_bytes = 654'321;
  other = SqliteCache::OpenInMemory(options, kName);
  EXPECT_TRUE(other.status().Is(ErrorCode::kInvalidArgument));
  for (const char* const value : {"16777216", "654321"}) {
    EXPECT_NE(other.status().ToString().find(value), std::string::npos)
        << other.status().ToString();
  }
  // This one is the first opener's.
  options = {};
  options.resident_bytes = 0;
  EXPECT_TRUE(SqliteCache::OpenInMemory(options, kName).ok());
}

// --- A full window.

class WriteWindowTest : public testing::Test {
 protected:
  static constexpr size_t kWindow = 64 << 10;
  // A value above this is written through.
  static constexpr size_t kShare = kWindow / 8;

  WriteWindowTest() {
    options_.clock = std::make_shared<FakeClock>();
    options_.write_behind_bytes = kWindow;
    options_.busy_timeout = milliseconds(50);
    cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
    blocker_.emplace(kName);
    shell_.emplace(ConnectTo(kName));
  }

  Status TrySet(const std::string& path, const std::string& value) {
    return cache_->backend()->SetRaw(path, value, kNoTtl);
  }

  // These repeat a call that is kBusy: the maintenance thread may hold the
  // writer lock for longer than busy_timeout, on a busy machine.
  bool SetSoon(const std::string& path, const std::string& value) {
    return Await([&] { return TrySet(path, value).ok(); });
  }
  bool FlushSoon() {
    return Await([&] { return cache_->Flush().ok(); });
  }

  // Sets "0", "1", ... until one fails. Returns how many have not.
  int FillWindow(Status& failure) {
    for (int i = 0; i < 100; ++i) {
      failure = TrySet(std::to_string(i), std::string(4000, 'v'));
      if (!failure.ok()) return i;
    }
    return 100;
  }

  void ExpectSound() {
    EXPECT_TRUE(FlushSoon());
    EXPECT_EQ(*cache_->Stats().pending_bytes, 0u);
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
  }

  const std::string large_ = std::string(kShare + 1, 'L');
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  std::optional<WriteBlocker> blocker_;
  std::optional<PlainSqlite> shell_;
};

TEST_F(WriteWindowTest, ASetThatFindsItFullFailsAndChangesNothing) {
  blocker_->TakeLock();
  Status failure;
  const int sets = FillWindow(failure);
  EXPECT_TRUE(failure.Is(ErrorCode::kBusy)) << failure.ToString();
  EXPECT_EQ(sets, static_cast<int>(kWindow / 4001));
  EXPECT_LE(*cache_->Stats().pending_bytes, kWindow);
  EXPECT_EQ(*cache_->Stats().entries, static_cast<uint64_t>(sets));
  EXPECT_EQ(Get(*cache_, std::to_string(sets)), "<miss>");
  // Over an old value, in a batch, and an add.
  EXPECT_TRUE(TrySet("0", std::string(4000, 'n')).Is(ErrorCode::kBusy));
  const std::string value(4000, 'n');
  const RawEntry entries[] = {{"1", value, kNoTtl}, {"new", value, kNoTtl}};
  EXPECT_TRUE(cache_->backend()->SetManyRaw(entries).Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache_->backend()
                  ->AddRaw("new", value, kNoTtl)
                  .status()
                  .Is(ErrorCode::kBusy));
  EXPECT_EQ(Get(*cache_, "new"), "<miss>");
  for (int i = 0; i < sets; ++i) {
    EXPECT_EQ(Get(*cache_, std::to_string(i)), std::string(4000, 'v')) << i;
  }
  EXPECT_EQ(shell_->Rows(kKeys), Strings());
  blocker_->ReleaseLock();
  EXPECT_TRUE(SetSoon("0", value));
  EXPECT_EQ(Get(*cache_, "0"), value);
  ExpectSound();
}

TEST_F(WriteWindowTest, ItFailsWithTheErrorOfTheFlush) {
  blocker_->Refuse();
  Status failure;
  FillWindow(failure);
  const Status flushed = cache_->Flush();
  ASSERT_FALSE(flushed.ok());
  EXPECT_FALSE(flushed.Is(ErrorCode::kBusy));
  EXPECT_TRUE(failure.Is(flushed.code())) << failure.ToString();
  EXPECT_EQ(Get(*cache_, "0"), std::string(4000, 'v'));
  blocker_->Accept();
  ExpectSound();
}

TEST_F(WriteWindowTest, RemovalsSucceedWhileItIsFullAndMakeRoom) {
  blocker_->TakeLock();
  Status failure;
  const int sets = FillWindow(failure);
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("0").ok());
  EXPECT_EQ(Get(*cache_, "0"), "<miss>");
  // What is gone before SQLite had it needs no room.
  EXPECT_TRUE(
      Await([&] { return TrySet("new", std::string(3000, 'n')).ok(); }));
  EXPECT_FALSE(TrySet("other", std::string(4000, 'n')).ok());
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(Get(*cache_, std::to_string(sets - 1)), "<miss>");
  EXPECT_TRUE(
      Await([&] { return TrySet("other", std::string(4000, 'n')).ok(); }));
  blocker_->ReleaseLock();
  ExpectSound();
  EXPECT_EQ(shell_->Rows(kKeys), (Strings{"other"}));
}

TEST_F(WriteWindowTest, WithoutAFailureASetMakesRoomItself) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(SetSoon(std::to_string(i), std::string(4000, 'v')));
    ASSERT_LE(*cache_->Stats().pending_bytes, kWindow);
  }
  ExpectSound();
  EXPECT_EQ(shell_->Int("SELECT count(*) FROM entries"), 100);
}

// --- A value above an eighth of it.

TEST_F(WriteWindowTest, ALargeValueIsInSqliteWhenItsSetReturns) {
  Set(*cache_, "small");
  ASSERT_TRUE(SetSoon("large", large_));
  EXPECT_EQ(shell_->Rows(kKeys), (Strings{"large"}));
  EXPECT_EQ(Get(*cache_, "large"), large_);
  EXPECT_EQ(*cache_->Stats().pending_bytes, 10u);
  // Key and value together are at the limit: it waits.
  ASSERT_TRUE(SetSoon("limit", large_.substr(0, kShare - 5)));
  EXPECT_EQ(shell_->Rows(kKeys), (Strings{"large"}));
  ExpectSound();
}

TEST_F(WriteWindowTest, ALargeValueReplacesAPendingOneForGood) {
  Set(*cache_, "a", "pending");
  ASSERT_TRUE(SetSoon("a", large_));
  ASSERT_TRUE(FlushSoon());
  EXPECT_EQ(shell_->Int("SELECT length(value) FROM entries"),
            static_cast<int64_t>(large_.size()));
  EXPECT_EQ(Get(*cache_, "a"), large_);
  EXPECT_EQ(*cache_->Stats().entries, 1u);
  EXPECT_EQ(*cache_->Stats().bytes, 1 + large_.size());
  ExpectSound();
}

TEST_F(WriteWindowTest, ALargeValueAfterAClearIsAlone) {
  Set(*cache_, "old");
  ASSERT_TRUE(FlushSoon());
  blocker_->TakeLock();  // so that only the set flushes the Clear
  ASSERT_TRUE(cache_->Clear().ok());
  blocker_->ReleaseLock();
  ASSERT_TRUE(SetSoon("large", large_));
  EXPECT_EQ(shell_->Rows(kKeys), (Strings{"large"}));
  EXPECT_EQ(Get(*cache_, "large"), large_);
  ExpectSound();
}

TEST_F(WriteWindowTest, ALargeValueEvictsAsOthersDo) {
  cache_.reset();
  shell_.reset();
  blocker_.reset();
  options_.max_entries = 2;
  cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
  Set(*cache_, "a");
  Set(*cache_, "b");
  ASSERT_TRUE(SetSoon("large", large_));
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "large"}));
  Set(*cache_, "c");
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"c", "d"}));
  ExpectSound();
}

// The old value: none, pending, or written, with and without a copy in memory.
TEST_F(WriteWindowTest, ALargeValueThatCannotBeWrittenLeavesTheOldOne) {
  const auto refuse = [&](const std::string& path, const std::string& old) {
    SCOPED_TRACE(path);
    for (int i = 0; i < 2; ++i) {
      const Status failed = TrySet(path, large_);
      EXPECT_TRUE(failed.Is(ErrorCode::kBusy)) << failed.ToString();
      EXPECT_EQ(Get(*cache_, path), old);
    }
  };
  Set(*cache_, "written", "old");
  const std::string away(kWindow, 'a');
  ASSERT_TRUE(SetSoon("away", away));
  ASSERT_TRUE(FlushSoon());
  blocker_->TakeLock();
  Set(*cache_, "pending", "old");
  refuse("none", "<miss>");
  refuse("pending", "old");
  refuse("written", "old");
  refuse("away", away);
  EXPECT_EQ(*cache_->Stats().entries, 3u);
  blocker_->ReleaseLock();
  ExpectSound();
  EXPECT_EQ(shell_->Rows(kKeys), (Strings{"away", "pending", "written"}));
  EXPECT_TRUE(SetSoon("none", large_));
  EXPECT_EQ(Get(*cache_, "none"), large_);
}

}  // namespace
}  // namespace appcache::write_window_test
