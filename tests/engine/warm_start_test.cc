// OpenInMemoryFrom: a cache in memory that starts with the entries of a file.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/without_privileges.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"
#include "tests/support/in_child.h"

namespace appcache::warm_start_test {
namespace {

using std::chrono::milliseconds;
using std::filesystem::perms;

class WarmStartTest : public testing::Test {
 protected:
  WarmStartTest() {
    options_.clock = clock_;
    options_.cache = log_.options();
  }
  ~WarmStartTest() override {
    // So that it can be removed.
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
  }

  std::unique_ptr<SqliteCache> OpenFile() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }
  SqliteCache::Opened TryWarmStart() const {
    return SqliteCache::OpenInMemoryFrom(file_, options_, "warm");
  }
  std::unique_ptr<SqliteCache> WarmStart() const {
    return Must(TryWarmStart());
  }

  // Both the file and its directory.
  void MakeReadOnly() const {
    for (const auto& item :
         std::filesystem::directory_iterator(scratch_.directory())) {
      std::filesystem::permissions(item.path(), perms::owner_read);
    }
    std::filesystem::permissions(scratch_.directory(),
                                 perms::owner_read | perms::owner_exec);
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
};

TEST_F(WarmStartTest, HasTheEntriesOfAClosedCache) {
  {
    const auto source = OpenFile();
    Set(*source, "a", "1", milliseconds(5000));
    Set(*source, "b", "2");
    Set(*source, "large", std::string(100'000, 'x'));
    Get(*source, "a");
  }
  clock_->Advance(milliseconds(1000));
  const auto cache = WarmStart();
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "large", "a"}));
  EXPECT_EQ(Get(*cache, "a"), "1");
  EXPECT_EQ(*cache->backend()->TtlRaw("a"), milliseconds(4000));
  EXPECT_EQ(Get(*cache, "b"), "2");
  EXPECT_EQ(*cache->backend()->TtlRaw("b"), kNoTtl);
  EXPECT_EQ(Get(*cache, "large"), std::string(100'000, 'x'));
  EXPECT_EQ(cache->Stats().entries, 3u);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_EQ(log_.lines(), Strings());
}

TEST_F(WarmStartTest, LeavesOutExpiredEntries) {
  options_.expiry_sweep_interval = std::chrono::hours(1);
  Set(*OpenFile(), "expired", "value", milliseconds(10));
  clock_->Advance(milliseconds(10));
  EXPECT_EQ(PathsIn(*WarmStart()), StringSet());
}

TEST_F(WarmStartTest, ExpiredEntriesAreSweptLater) {
  Set(*OpenFile(), "a", "value", milliseconds(5000));
  const auto cache = WarmStart();
  clock_->Advance(milliseconds(6000));
  EXPECT_TRUE(Await([&] {
    clock_->Advance(milliseconds(1000));
    return cache->Stats().entries == 0u;
  }));
}

TEST_F(WarmStartTest, DoesNotChangeTheFile) {
  // Without the index of the log, which has no contents of its own.
  const auto files = [&] {
    auto files = scratch_.Files();
    files["cache.db-shm"] = "";
    return files;
  };
  Set(*OpenFile(), "a");
  const std::map<std::string, std::string> before = files();
  const auto cache = WarmStart();
  Set(*cache, "b");
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_TRUE(files() == before);
  EXPECT_EQ(PathsIn(*OpenFile()), StringSet{"a"});
}

TEST_F(WarmStartTest, KeepsTheMostRecentlyUsedUnderMaxBytes) {
  {
    const auto source = OpenFile();
    for (int i = 0; i < 10; ++i) Set(*source, std::to_string(i), "123456789");
    Get(*source, "3");
  }
  options_.max_bytes = 30;
  EXPECT_EQ(PathsIn(*WarmStart()), (StringSet{"3", "8", "9"}));
}

TEST_F(WarmStartTest, SkipsAnEntryThatIsTooLargeWithALogLine) {
  {
    const auto source = OpenFile();
    Set(*source, "small");
    Set(*source, "large", std::string(1000, 'x'));
  }
  options_.max_bytes = 999;
  const auto cache = WarmStart();
  EXPECT_EQ(PathsIn(*cache), StringSet{"small"});
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_TRUE(log_.lines()[0].starts_with(
      "warning: loading " + file_ +
      " into the in-memory cache \"warm\" skipped an entry: an entry has "
      "1005 bytes; the limit is 999"))
      << log_.lines()[0];
}

// Whichever limit the entries exceed, and in whatever order they are read.
TEST_F(WarmStartTest, KeepsTheMostRecentlyUsedUnderMaxDatabaseBytes) {
  constexpr size_t kEntries = 2000;
  Strings order;
  {
    const auto source = OpenFile();
    const std::string value(1000, 'x');
    std::vector<RawEntry> entries;
    for (size_t i = 0; i < kEntries; ++i) order.push_back(std::to_string(i));
    for (const std::string& path : order) entries.push_back({path, value});
    ASSERT_TRUE(source->backend()->SetManyRaw(entries).ok());
  }
  options_.max_database_bytes = uint64_t{1} << 20;
  const auto opened = TryWarmStart();
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  const Strings kept = FlushedOrder(**opened);
  // About 700 would fit.
  ASSERT_GT(kept.size(), 200u);
  EXPECT_EQ(kept, Strings(order.end() - static_cast<ptrdiff_t>(kept.size()),
                          order.end()));
  EXPECT_EQ(ProblemsIn(**opened), Strings());
}

TEST_F(WarmStartTest, SkipsAnEntryThatDoesNotFitIntoTheDatabase) {
  {
    const auto source = OpenFile();
    Set(*source, "small");
    Set(*source, "large", std::string(2'000'000, 'x'));
  }
  options_.max_database_bytes = uint64_t{1} << 20;
  const auto opened = TryWarmStart();
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(PathsIn(**opened), StringSet{"small"});
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("skipped an entry"), std::string::npos)
      << log_.lines()[0];
}

// Not that of the file: nobody who knows it can choose keys that collide.
TEST_F(WarmStartTest, HasAHashSeedOfItsOwn) {
  {
    SqliteCacheOptions options = options_;
    options.hash_seed = 42;
    Set(*Must(SqliteCache::OpenFile(file_, options)), "a");
  }
  const auto cache = WarmStart();
  const Result<sqlite3*> connection = SqliteCache::ConnectInMemory("warm");
  ASSERT_TRUE(connection.ok());
  EXPECT_NE(PlainSqlite(*connection).Int("SELECT hash_seed FROM meta"), 42);
  EXPECT_EQ(Get(*cache, "a"), "value");
}

TEST_F(WarmStartTest, ReadsTheNewestEntriesOfACacheThatIsOpenHere) {
  const auto source = OpenFile();
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    const std::string path = std::to_string(i);
    Set(*source, path);
    // In the last round, from the log.
    const Status flushed = i < 2 ? source->Flush() : Status();
    EXPECT_TRUE(flushed.ok()) << flushed.ToString();
    const auto cache = WarmStart();
    EXPECT_EQ(Get(*cache, path), "value");
    EXPECT_EQ(cache->Stats().entries, static_cast<uint64_t>(i) + 1);
    Set(*source, path, "later");
    EXPECT_EQ(Get(*source, path), "later");
    EXPECT_EQ(Get(*cache, path), "value");
  }
  EXPECT_EQ(ProblemsIn(*source), Strings());
}

// As after kill -9.
TEST_F(WarmStartTest, ReadsTheLogOfACacheThatWasNotClosed) {
  const std::string live = scratch_.Path("live.db");
  const auto source = Must(SqliteCache::OpenFile(live, options_));
  Set(*source, "logged");
  std::filesystem::copy(live, file_);
  std::filesystem::copy(live + "-wal", file_ + "-wal");
  EXPECT_EQ(PathsIn(*WarmStart()), StringSet{"logged"});
  EXPECT_EQ(PathsIn(*OpenFile()), StringSet{"logged"});
}

TEST_F(WarmStartTest, ReadsASnapshotThatIsReadOnlyInAReadOnlyDirectory) {
  const auto source = Must(SqliteCache::OpenInMemory(options_, "source"));
  Set(*source, "a");
  ASSERT_TRUE(source->Snapshot(file_).ok());
  MakeReadOnly();
  const WithoutPrivileges without;
  EXPECT_EQ(Get(*WarmStart(), "a"), "value");
  EXPECT_EQ(scratch_.Files().size(), 1u);
}

TEST_F(WarmStartTest, ReadsAClosedCacheThatIsReadOnlyInAReadOnlyDirectory) {
  Set(*OpenFile(), "a");
  for (const char* const also : {"", "-shm", "-wal"}) {
    SCOPED_TRACE(also);
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
    if (*also != '\0') std::filesystem::remove(file_ + also);
    MakeReadOnly();
    const WithoutPrivileges without;
    EXPECT_EQ(Get(*WarmStart(), "a"), "value");
  }
}

TEST_F(WarmStartTest, ReadsACopyOfTheFileAlone) {
  const std::string live = scratch_.Path("live.db");
  Set(*Must(SqliteCache::OpenFile(live, options_)), "a");
  std::filesystem::copy(live, file_);
  const std::map<std::string, std::string> before = scratch_.Files();
  EXPECT_EQ(Get(*WarmStart(), "a"), "value");
  EXPECT_TRUE(scratch_.Files() == before);
}

// Of times that no cache stores.
TEST_F(WarmStartTest, TakesAnyTimesThatAreInTheFile) {
  {
    const auto source = OpenFile();
    Set(*source, "a", "value", milliseconds(5000));
    Set(*source, "b", "value", milliseconds(5000));
  }
  {
    const PlainSqlite plain(file_);
    plain.Run(
        "UPDATE usage SET last_used = 9223372036854775807"
        " WHERE h = (SELECT h FROM entries WHERE key = CAST('a' AS BLOB));"
        "UPDATE usage SET last_used = -9223372036854775807"
        " WHERE h = (SELECT h FROM entries WHERE key = CAST('b' AS BLOB));"
        "UPDATE entries SET expires_at = 9223372036854775807");
  }
  const auto cache = WarmStart();
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "a"}));
  EXPECT_EQ(Get(*cache, "a"), "value");
  Set(*cache, "c");
  EXPECT_EQ(Get(*cache, "c"), "value");
}

TEST_F(WarmStartTest, MakesRoomForANewCacheOfTheNameAfterItIsClosed) {
  Set(*OpenFile(), "a");
  for (int i = 0; i < 2; ++i) {
    const auto cache = WarmStart();
    EXPECT_EQ(PathsIn(*cache), StringSet{"a"});
    Set(*cache, "b");
  }
}

TEST_F(WarmStartTest, OthersMayOpenTheCacheByItsName) {
  Set(*OpenFile(), "a");
  const auto cache = WarmStart();
  const auto other = Must(SqliteCache::OpenInMemory(options_, "warm"));
  EXPECT_EQ(Get(*other, "a"), "value");
}

// SQLite's locks on it are in the memory that the child has inherited.
TEST_F(WarmStartTest, IsRefusedAFileThatWasOpenAtTheFork) {
  const auto source = OpenFile();
  Set(*source, "a");
  EXPECT_EQ(InChild([&]() -> std::string {
              const Status status = TryWarmStart().status();
              const bool refused =
                  status.Is(ErrorCode::kUnsupported) &&
                  status.error().message.find("forked") != std::string::npos;
              return refused ? "" : status.ToString();
            }),
            "");
  EXPECT_EQ(Get(*WarmStart(), "a"), "value");
}

TEST_F(WarmStartTest, ASnapshotToAFileThatWasOpenAtTheForkIsRefused) {
  const auto source = OpenFile();
  Set(*source, "a");
  EXPECT_EQ(InChild([&]() -> std::string {
              const auto own = SqliteCache::OpenInMemory(options_, "child");
              if (!own.ok()) return own.status().ToString();
              const Status status = (*own)->Snapshot(file_);
              const bool refused =
                  status.Is(ErrorCode::kUnsupported) &&
                  status.error().message.find("forked") != std::string::npos;
              return refused ? "" : status.ToString();
            }),
            "");
  Set(*source, "b");
  EXPECT_EQ(PathsIn(*source), (StringSet{"a", "b"}));
}

}  // namespace
}  // namespace appcache::warm_start_test
