// Snapshot: what is in the file that it writes.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::snapshot_test {
namespace {

using std::chrono::milliseconds;

enum class Source { kMemory, kFile, kConnection };

// A snapshot of each kind of cache.
class SnapshotTest : public testing::TestWithParam<Source> {
 protected:
  SnapshotTest() { options_.clock = clock_; }

  std::unique_ptr<SqliteCache> OpenSource() const {
    switch (GetParam()) {
      case Source::kMemory:
        return Must(SqliteCache::OpenInMemory(options_, "source"));
      case Source::kFile:
        return Must(
            SqliteCache::OpenFile(scratch_.Path("source.db"), options_));
      case Source::kConnection:
        return Must(SqliteCache::OpenOn(connection_.get(), options_));
    }
    return nullptr;
  }

  std::unique_ptr<SqliteCache> OpenSnapshot() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }

  std::unique_ptr<SqliteCache> WarmStart(uint64_t max_entries) const {
    SqliteCacheOptions options = options_;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenInMemoryFrom(file_, options, "warm"));
  }

  static void ExpectWritten(SqliteCache& cache, const std::string& path) {
    const Status status = cache.Snapshot(path);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  // What the snapshot left in the directory, without the source.
  Strings FilesOfSnapshots() const {
    Strings names;
    for (const auto& [name, bytes] : scratch_.Files()) {
      if (!name.starts_with("source.db")) names.push_back(name);
    }
    return names;
  }

  const Scratch scratch_;
  const PlainSqlite connection_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  const std::string file_ = scratch_.Path("snapshot.db");
};

TEST_P(SnapshotTest, HasEveryEntryWithItsValueAndExpiryTime) {
  const auto cache = OpenSource();
  std::map<std::string, std::string> values;
  for (int i = 0; i < 700; ++i) {
    const std::string path = "path/" + std::to_string(i);
    // Some of many pages.
    const size_t size = static_cast<size_t>(i % 50 == 0 ? 20'000 : i % 300);
    values[path] = std::string(size, static_cast<char>('a' + i % 26));
    Set(*cache, path, values[path],
        i % 3 == 0 ? milliseconds(10'000 + i) : kNoTtl);
  }
  Set(*cache, "", "the value of the empty path");
  values[""] = "the value of the empty path";
  ExpectWritten(*cache, file_);
  clock_->Advance(milliseconds(100));
  const auto snapshot = OpenSnapshot();
  for (const auto& [path, value] : values) {
    EXPECT_EQ(Get(*snapshot, path), value);
    EXPECT_EQ(*snapshot->backend()->TtlRaw(path),
              *cache->backend()->TtlRaw(path))
        << path;
  }
  EXPECT_EQ(snapshot->Stats().entries, values.size());
  EXPECT_EQ(snapshot->Stats().bytes, cache->Stats().bytes);
  EXPECT_EQ(ProblemsIn(*snapshot), Strings());
}

TEST_P(SnapshotTest, LeavesTheCacheAsItIs) {
  const auto cache = OpenSource();
  for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
  Get(*cache, "a");
  ExpectWritten(*cache, file_);
  EXPECT_EQ(FlushedOrder(*cache), (Strings{"b", "c", "a"}));
  EXPECT_EQ(cache->Stats().entries, 3u);
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "c", "d"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

// Accesses that SQLite does not know yet, too.
TEST_P(SnapshotTest, KeepsTheOrderOfAccesses) {
  options_.touch_flush_interval = std::chrono::hours(1);
  const auto cache = OpenSource();
  for (const char* const path : {"a", "b", "c", "d"}) Set(*cache, path);
  Get(*cache, "b");
  Get(*cache, "a");
  ExpectWritten(*cache, file_);
  EXPECT_EQ(FlushedOrder(*OpenSnapshot()), (Strings{"c", "d", "b", "a"}));
}

TEST_P(SnapshotTest, AWarmStartKeepsTheMostRecentlyUsedAndEvictsInTheirOrder) {
  constexpr int kEntries = 600;
  constexpr int kKept = 100;
  const auto cache = OpenSource();
  Strings order;
  for (int i = 0; i < kEntries; ++i) {
    order.push_back("path/" + std::to_string(i));
    Set(*cache, order.back());
  }
  for (int i = kEntries - 1; i >= 0; i -= 7) {
    const std::string used = order[static_cast<size_t>(i)];
    Get(*cache, used);
    order.erase(order.begin() + i);
    order.push_back(used);
  }
  ExpectWritten(*cache, file_);

  const auto warm = WarmStart(kKept);
  Strings kept(order.end() - kKept, order.end());
  EXPECT_EQ(PathsIn(*warm), StringSet(kept.begin(), kept.end()));
  EXPECT_EQ(FlushedOrder(*warm), kept);
  for (int i = 0; i < kKept; ++i) {
    Set(*warm, "new/" + std::to_string(i));
    kept.erase(kept.begin());
    const StringSet paths = PathsIn(*warm);
    EXPECT_EQ(paths.size(), static_cast<size_t>(kKept));
    for (const std::string& path : kept) EXPECT_TRUE(paths.contains(path));
  }
}

TEST_P(SnapshotTest, LeavesOutExpiredEntries) {
  options_.expiry_sweep_interval = std::chrono::hours(1);
  const auto cache = OpenSource();
  Set(*cache, "expired", "value", milliseconds(10));
  Set(*cache, "alive", "value", milliseconds(11));
  Set(*cache, "forever");
  clock_->Advance(milliseconds(10));
  ASSERT_EQ(cache->Stats().entries, 3u);
  ExpectWritten(*cache, file_);
  EXPECT_EQ(PlainSqlite(file_).Rows("SELECT key FROM entries ORDER BY key"),
            (Strings{"alive", "forever"}));
  EXPECT_EQ(PlainSqlite(file_).Rows(
                "SELECT entry_count, total_bytes FROM meta WHERE id = 1"),
            Strings{"2|22"});
  EXPECT_EQ(ProblemsIn(*OpenSnapshot()), Strings());
}

TEST_P(SnapshotTest, OfAnEmptyCacheIsAnEmptyCache) {
  ExpectWritten(*OpenSource(), file_);
  const auto snapshot = OpenSnapshot();
  EXPECT_EQ(PathsIn(*snapshot), StringSet());
  EXPECT_EQ(snapshot->Stats().entries, 0u);
  Set(*snapshot, "a");
  EXPECT_EQ(Get(*snapshot, "a"), "value");
  EXPECT_EQ(ProblemsIn(*snapshot), Strings());
}

TEST_P(SnapshotTest, IsAnOrdinaryDatabaseWithoutALog) {
  const auto cache = OpenSource();
  Set(*cache, "a");
  ExpectWritten(*cache, file_);
  {
    const PlainSqlite plain(file_);
    EXPECT_EQ(plain.Text("PRAGMA journal_mode"), "delete");
    EXPECT_EQ(plain.Text("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(plain.Int("PRAGMA auto_vacuum"), 2);
    EXPECT_EQ(plain.Rows("SELECT key, value FROM entries"), Strings{"a|value"});
  }
  EXPECT_EQ(FilesOfSnapshots(), Strings{"snapshot.db"});
}

TEST_P(SnapshotTest, OnlyThisUserMayAccessTheFile) {
  const auto cache = OpenSource();
  for (const mode_t mask : {0, 022, 077}) {
    const mode_t before = umask(mask);
    ExpectWritten(*cache, file_);
    umask(before);
    struct stat info;
    ASSERT_EQ(stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u) << mask;
  }
}

TEST_P(SnapshotTest, ASecondOneReplacesTheFirst) {
  const auto cache = OpenSource();
  Set(*cache, "a");
  ExpectWritten(*cache, file_);
  Set(*cache, "b");
  ASSERT_TRUE(cache->backend()->InvalidateRaw("a").ok());
  ExpectWritten(*cache, file_);
  EXPECT_EQ(PathsIn(*OpenSnapshot()), StringSet{"b"});
}

TEST_P(SnapshotTest, WritesToAnyName) {
  const auto cache = OpenSource();
  Set(*cache, "a");
  for (const char* const name :
       {"a b", "q?mode=memory", "50%41", "#", "file:x", "ünï"}) {
    SCOPED_TRACE(name);
    const std::string file = scratch_.Path(name);
    // The second reads what it replaces.
    for (int i = 0; i < 2; ++i) ExpectWritten(*cache, file);
    EXPECT_TRUE(std::filesystem::exists(file));
    const auto warm =
        Must(SqliteCache::OpenInMemoryFrom(file, options_, "any name"));
    EXPECT_EQ(Get(*warm, "a"), "value");
  }
}

TEST_P(SnapshotTest, ASymbolicLinkStays) {
  const auto cache = OpenSource();
  Set(*cache, "a");
  const std::string link = scratch_.Path("link");
  std::filesystem::create_symlink(file_, link);
  Scratch::WriteAll(file_, "");
  ExpectWritten(*cache, link);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(Get(*OpenSnapshot(), "a"), "value");
}

TEST_P(SnapshotTest, OfAClosedCacheIsUnavailable) {
  const auto cache = OpenSource();
  ASSERT_TRUE(cache->Close().ok());
  const Status status = cache->Snapshot(file_);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("has been closed"), std::string::npos);
  EXPECT_EQ(FilesOfSnapshots(), Strings());
}

TEST_P(SnapshotTest, HasTheSeedOfTheCache) {
  options_.hash_seed = 42;
  ExpectWritten(*OpenSource(), file_);
  EXPECT_EQ(PlainSqlite(file_).Int("SELECT hash_seed FROM meta"), 42);
}

INSTANTIATE_TEST_SUITE_P(Sources, SnapshotTest,
                         testing::Values(Source::kMemory, Source::kFile,
                                         Source::kConnection),
                         [](const testing::TestParamInfo<Source>& info) {
                           return info.param == Source::kMemory ? "Memory"
                                  : info.param == Source::kFile ? "File"
                                                                : "Connection";
                         });

// Without a clock of the test: those of memory and of files.
TEST(SnapshotClockTest, ATtlGoesOnAcrossMemoryAndFile) {
  const Scratch scratch;
  const std::string file = scratch.Path("snapshot.db");
  const auto cache = Must(SqliteCache::OpenInMemory({}, "clock"));
  Set(*cache, "a", "value", std::chrono::hours(1));
  Set(*cache, "forever");
  ASSERT_TRUE(cache->Snapshot(file).ok());
  const auto warm = Must(SqliteCache::OpenInMemoryFrom(file, {}, "warm clock"));
  const auto opened = Must(SqliteCache::OpenFile(file));
  for (SqliteCache* const copy : {warm.get(), opened.get()}) {
    const Ttl left = *copy->backend()->TtlRaw("a");
    EXPECT_LE(left, std::chrono::hours(1) + milliseconds(2));
    EXPECT_GT(left, std::chrono::minutes(50));
    EXPECT_EQ(*copy->backend()->TtlRaw("forever"), kNoTtl);
  }
}

// One that rounding up would take beyond what can be stored.
TEST(SnapshotClockTest, TheLatestExpiryTimeIsKept) {
  const Scratch scratch;
  const std::string file = scratch.Path("snapshot.db");
  const auto cache = Must(SqliteCache::OpenInMemory({}, "latest"));
  StoredEntry entry;
  entry.info.path = "a";
  entry.info.expires_at = entry.info.last_used = SqliteCache::kMaxTime;
  entry.value = Bytes::Copy("value");
  ASSERT_TRUE(cache->RestoreMany({&entry, 1}).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(cache->Snapshot(file).ok());
    const auto warm = SqliteCache::OpenInMemoryFrom(file, {}, "warm latest");
    ASSERT_TRUE(warm.ok()) << warm.status().ToString();
    EXPECT_EQ(Get(**warm, "a"), "value");
  }
}

TEST(SnapshotOnConnectionTest, HasNoneOfTheOwnersTables) {
  const Scratch scratch;
  const std::string file = scratch.Path("snapshot.db");
  const PlainSqlite owner;
  owner.Run("CREATE TABLE mine(x); INSERT INTO mine VALUES (1)");
  const auto cache = Must(SqliteCache::OpenOn(owner.get()));
  Set(*cache, "a");
  ASSERT_TRUE(cache->Snapshot(file).ok());
  EXPECT_EQ(PlainSqlite(file).Rows(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
                " ORDER BY name"),
            (Strings{"entries", "meta", "usage"}));
  EXPECT_EQ(owner.Int("SELECT x FROM mine"), 1);
}

TEST(SnapshotOnConnectionTest, InsideATransactionIsUnsupportedUntilItsEnd) {
  const Scratch scratch;
  const std::string file = scratch.Path("snapshot.db");
  const PlainSqlite owner;
  const auto cache = Must(SqliteCache::OpenOn(owner.get()));
  owner.Run("BEGIN");
  Set(*cache, "a");
  const Status status = cache->Snapshot(file);
  EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
  EXPECT_NE(status.ToString().find("commit it first"), std::string::npos)
      << status.ToString();
  EXPECT_EQ(scratch.Files().size(), 0u);
  owner.Run("COMMIT");
  ASSERT_TRUE(cache->Snapshot(file).ok());
  EXPECT_EQ(Get(*Must(SqliteCache::OpenFile(file)), "a"), "value");
  // The connection is not left inside a transaction.
  owner.Run("BEGIN; COMMIT");
}

}  // namespace
}  // namespace appcache::snapshot_test
