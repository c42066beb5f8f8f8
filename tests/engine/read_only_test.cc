// OpenFileToRead: a cache file that this user may not write to, or does not
// want to.

#include <gtest/gtest.h>

#include <cerrno>
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
#include "tests/support/in_child.h"

namespace appcache::read_only_test {
namespace {

using std::chrono::milliseconds;
using std::filesystem::perms;

class ReadOnlyTest : public testing::Test {
 protected:
  ReadOnlyTest() { options_.clock = clock_; }
  ~ReadOnlyTest() override {
    // So that it can be removed.
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
  }

  std::unique_ptr<SqliteCache> OpenToWrite() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }
  SqliteCache::Opened TryOpenToRead() const {
    return SqliteCache::OpenFileToRead(file_, options_);
  }
  std::unique_ptr<SqliteCache> OpenToRead() const {
    return Must(TryOpenToRead());
  }

  // A closed cache of three entries, one with a ttl.
  void MakeCache() const {
    const auto cache = OpenToWrite();
    Set(*cache, "a", "1", milliseconds(5000));
    Set(*cache, "b", "2");
    Set(*cache, "c", std::string(100'000, 'x'));
  }
  // SQLite's log and its index, which it does not need after an ordinary end.
  void RemoveLog() const {
    std::filesystem::remove(file_ + "-wal");
    std::filesystem::remove(file_ + "-shm");
  }
  // The files as those of a cache whose user was killed before a checkpoint.
  void MakeKilledCache() const {
    const Scratch elsewhere;
    const std::string other = elsewhere.Path("cache.db");
    const auto cache = Must(SqliteCache::OpenFile(other, options_));
    Set(*cache, "a", "in the log");
    for (const char* const suffix : {"", "-wal", "-shm"}) {
      std::filesystem::copy(other + suffix, file_ + suffix);
    }
  }

  void MakeFilesReadOnly() const {
    for (const auto& item :
         std::filesystem::directory_iterator(scratch_.directory())) {
      std::filesystem::permissions(item.path(), perms::owner_read);
    }
  }
  void MakeAllReadOnly() const {
    MakeFilesReadOnly();
    std::filesystem::permissions(scratch_.directory(),
                                 perms::owner_read | perms::owner_exec);
  }

  static void ExpectRefused(const Status& status) {
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().native_code, EROFS) << status.ToString();
    EXPECT_NE(status.ToString().find("opened to read only"), std::string::npos)
        << status.ToString();
  }

  // Every operation that reads, on the cache of MakeCache.
  void ExpectReadable(SqliteCache& cache) const {
    EXPECT_EQ(Get(cache, "a"), "1");
    EXPECT_EQ(Get(cache, "none"), "<miss>");
    EXPECT_EQ(*cache.backend()->TtlRaw("a"), milliseconds(5000));
    EXPECT_EQ(*cache.backend()->TtlRaw("b"), kNoTtl);
    EXPECT_EQ(cache.backend()->GetTimedRaw("a")->remaining_ttl,
              milliseconds(5000));
    EXPECT_EQ(PathsIn(cache), (StringSet{"a", "b", "c"}));
    std::map<std::string, size_t> sizes;
    EXPECT_TRUE(cache
                    .ForEachEntry([&](const StoredEntry& entry) {
                      sizes[entry.info.path] = entry.value.size();
                      return true;
                    })
                    .ok());
    EXPECT_EQ(sizes["c"], 100'000u);
    EXPECT_EQ(*cache.Stats().entries, 3u);
    EXPECT_EQ(*cache.Stats().bytes, 100'005u);
    EXPECT_EQ(cache.Stats().hits, 2u);
    EXPECT_EQ(cache.Stats().misses, 1u);
    EXPECT_TRUE(cache.backend()->Ping().ok());
    EXPECT_EQ(ProblemsIn(cache), Strings());
    EXPECT_EQ(cache.Check()->entries, 3u);
    EXPECT_TRUE(cache.Flush().ok());
    EXPECT_EQ(cache.Traits().location, file_);
    const Scratch elsewhere;
    const std::string copy = elsewhere.Path("copy.db");
    const Status copied = cache.Snapshot(copy);
    EXPECT_TRUE(copied.ok()) << copied.ToString();
    EXPECT_EQ(PathsIn(*Must(SqliteCache::OpenFile(copy, options_))),
              (StringSet{"a", "b", "c"}));
  }

  // The same without privileges, and no byte in the directory has changed.
  void ExpectReadableAndUnchanged() const {
    const std::map<std::string, std::string> before = scratch_.Files();
    {
      const WithoutPrivileges without;
      const Status refused = SqliteCache::OpenFile(file_, options_).status();
      ASSERT_TRUE(refused.Is(ErrorCode::kUnavailable)) << refused.ToString();
      EXPECT_EQ(refused.error().native_code, EACCES) << refused.ToString();
      const auto cache = OpenToRead();
      ExpectReadable(*cache);
      EXPECT_TRUE(cache->Close().ok());
    }
    EXPECT_TRUE(scratch_.Files() == before);
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
};

TEST_F(ReadOnlyTest, ReadsAClosedCacheInAReadOnlyDirectory) {
  MakeCache();
  MakeAllReadOnly();
  ExpectReadableAndUnchanged();
}

TEST_F(ReadOnlyTest, NeedsNoLogAndNoIndexOfIt) {
  MakeCache();
  RemoveLog();
  MakeAllReadOnly();
  ExpectReadableAndUnchanged();
}

// SQLite could create its files in the directory, where they would be in the
// way of the owner of the cache.
TEST_F(ReadOnlyTest, CreatesNothingInADirectoryThatIsWritable) {
  MakeCache();
  RemoveLog();
  MakeFilesReadOnly();
  ExpectReadableAndUnchanged();
}

TEST_F(ReadOnlyTest, ReadsASnapshot) {
  const Scratch elsewhere;
  const auto memory = Must(SqliteCache::OpenInMemory(options_, "snapshot"));
  Set(*memory, "a", "1", milliseconds(5000));
  Set(*memory, "b", "2");
  Set(*memory, "c", std::string(100'000, 'x'));
  ASSERT_TRUE(memory->Snapshot(file_).ok());
  MakeAllReadOnly();
  ExpectReadableAndUnchanged();
}

TEST_F(ReadOnlyTest, CreatesAndChangesNothingWhereItCould) {
  MakeCache();
  RemoveLog();
  const std::map<std::string, std::string> before = scratch_.Files();
  const auto cache = OpenToRead();
  ExpectReadable(*cache);
  EXPECT_TRUE(cache->Close().ok());
  EXPECT_TRUE(scratch_.Files() == before);
}

TEST_F(ReadOnlyTest, ReadsWhatALiveWriterHasCommitted) {
  const auto writer = OpenToWrite();
  Set(*writer, "a", "1");
  ASSERT_GT(std::filesystem::file_size(file_ + "-wal"), 0u);
  MakeAllReadOnly();
  const WithoutPrivileges without;
  const auto reader = OpenToRead();
  EXPECT_EQ(Get(*reader, "a"), "1");
  Set(*writer, "a", "2");
  EXPECT_EQ(Get(*reader, "a"), "2");
  EXPECT_TRUE(writer->backend()->InvalidateRaw("a").ok());
  EXPECT_EQ(Get(*reader, "a"), "<miss>");
}

TEST_F(ReadOnlyTest, ReadsTheLogOfAKilledProcess) {
  MakeKilledCache();
  MakeAllReadOnly();
  const std::map<std::string, std::string> before = scratch_.Files();
  {
    const WithoutPrivileges without;
    EXPECT_EQ(Get(*OpenToRead(), "a"), "in the log");
  }
  EXPECT_TRUE(scratch_.Files() == before);
}

// What is in the log would be missing.
TEST_F(ReadOnlyTest, ALogWithoutAnIndexIsUnavailableWhereNoneCanBeMade) {
  MakeKilledCache();
  std::filesystem::remove(file_ + "-shm");
  MakeAllReadOnly();
  const WithoutPrivileges without;
  const Status status = TryOpenToRead().status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
}

TEST_F(ReadOnlyTest, WritesAreRefusedAndCounted) {
  MakeCache();
  const auto cache = OpenToRead();
  Backend& backend = *cache->backend();
  ExpectRefused(backend.SetRaw("a", "new", kNoTtl));
  ExpectRefused(backend.TrySetRaw("a", "new", kNoTtl));
  const std::vector<RawEntry> entries = {{"a", "new"}, {"d", "new"}};
  ExpectRefused(backend.SetManyRaw(entries));
  ExpectRefused(backend.AddRaw("d", "new", kNoTtl).status());
  ExpectRefused(backend.InvalidateRaw("a"));
  ExpectRefused(backend.SetTtlRaw("a", kNoTtl).status());
  EXPECT_EQ(cache->Stats().write_errors, 7u);
  ExpectRefused(backend.InvalidatePrefixRaw("a"));
  ExpectRefused(backend.ClearRaw());
  ExpectRefused(cache->RestoreMany({}));
  ExpectRefused(cache->CheckAndFix().status());
  EXPECT_EQ(Get(*cache, "a"), "1");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "c"}));
}

TEST_F(ReadOnlyTest, AGetIsNotAnAccess) {
  MakeCache();
  {
    const auto reader = OpenToRead();
    clock_->Advance(milliseconds(1000));
    EXPECT_EQ(Get(*reader, "a"), "1");
    EXPECT_TRUE(reader->Flush().ok());
  }
  EXPECT_EQ(FlushedOrder(*OpenToWrite()), (Strings{"a", "b", "c"}));
}

TEST_F(ReadOnlyTest, ExpiredEntriesAreNotShownAndNotRemoved) {
  MakeCache();
  const auto reader = OpenToRead();
  clock_->Advance(milliseconds(5000));
  EXPECT_EQ(Get(*reader, "a"), "<miss>");
  EXPECT_FALSE(reader->backend()->TtlRaw("a").is_hit());
  EXPECT_EQ(PathsIn(*reader), (StringSet{"b", "c"}));
  EXPECT_EQ(*reader->Stats().entries, 3u);
}

TEST_F(ReadOnlyTest, ACacheOverTheLimitsKeepsItsEntries) {
  MakeCache();
  options_.max_entries = 1;
  EXPECT_EQ(PathsIn(*OpenToRead()), (StringSet{"a", "b", "c"}));
}

TEST_F(ReadOnlyTest, FollowsAWriterThatComesLater) {
  MakeCache();
  RemoveLog();
  const auto reader = OpenToRead();
  EXPECT_EQ(Get(*reader, "a"), "1");
  const auto writer = OpenToWrite();
  Set(*writer, "a", "2");
  EXPECT_EQ(Get(*reader, "a"), "2");
  EXPECT_EQ(*reader->Stats().entries, 3u);
  EXPECT_TRUE(writer->Close().ok());
  EXPECT_EQ(Get(*reader, "a"), "2");
  // Closing connections of this process has released no lock of the others.
  EXPECT_TRUE(reader->Close().ok());
  EXPECT_EQ(Get(*OpenToWrite(), "a"), "2");
}

TEST_F(ReadOnlyTest, AWalkVisitsEveryEntryThoughAWriterComes) {
  StringSet paths;
  {
    const auto cache = OpenToWrite();
    for (int i = 0; i < 1000; ++i) {
      paths.insert(std::to_string(i));
      Set(*cache, std::to_string(i));
    }
  }
  RemoveLog();
  const auto reader = OpenToRead();
  std::unique_ptr<SqliteCache> writer;
  Strings visited;
  const Status status = reader->ForEachKey([&](const EntryInfo& info) {
    visited.push_back(info.path);
    if (writer == nullptr) {
      writer = OpenToWrite();
      Set(*writer, visited.front(), std::string(10'000, 'y'));
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(visited.size(), 1000u);
  EXPECT_EQ(StringSet(visited.begin(), visited.end()), paths);
}

TEST_F(ReadOnlyTest, FollowsAFileThatIsReplaced) {
  MakeCache();
  RemoveLog();
  const auto reader = OpenToRead();
  EXPECT_EQ(Get(*reader, "a"), "1");
  const auto memory = Must(SqliteCache::OpenInMemory(options_, "successor"));
  Set(*memory, "new", "value");
  ASSERT_TRUE(memory->Snapshot(file_).ok());
  EXPECT_EQ(Get(*reader, "new"), "value");
  EXPECT_EQ(Get(*reader, "a"), "<miss>");
  EXPECT_EQ(PathsIn(*reader), StringSet{"new"});
}

TEST_F(ReadOnlyTest, AFileThatIsAwayIsUnavailableUntilItIsBack) {
  MakeCache();
  const auto reader = OpenToRead();
  EXPECT_EQ(Get(*reader, "b"), "2");
  std::filesystem::rename(file_, file_ + ".away");
  EXPECT_TRUE(
      reader->backend()->GetRaw("b").status().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(reader->Stats().read_errors, 1u);
  std::filesystem::rename(file_ + ".away", file_);
  EXPECT_EQ(Get(*reader, "b"), "2");
}

TEST_F(ReadOnlyTest, AMissingFileIsUnavailableAndNotCreated) {
  EXPECT_TRUE(TryOpenToRead().status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(scratch_.Files().empty());
}

TEST_F(ReadOnlyTest, AnEmptyOrForeignFileIsUnsupported) {
  Scratch::WriteAll(file_, "");
  EXPECT_TRUE(TryOpenToRead().status().Is(ErrorCode::kUnsupported));
  std::filesystem::remove(file_);
  PlainSqlite(file_).Run("CREATE TABLE people(name)");
  EXPECT_TRUE(TryOpenToRead().status().Is(ErrorCode::kUnsupported));
  EXPECT_EQ(scratch_.Files().size(), 1u);
}

TEST_F(ReadOnlyTest, OptionsOutOfRangeAreAnInvalidArgument) {
  MakeCache();
  options_.max_entries = 0;
  EXPECT_TRUE(TryOpenToRead().status().Is(ErrorCode::kInvalidArgument));
}

TEST_F(ReadOnlyTest, CheckReportsProblems) {
  MakeCache();
  PlainSqlite(file_).Run("UPDATE meta SET entry_count = entry_count + 1");
  const auto reader = OpenToRead();
  const Strings problems = ProblemsIn(*reader);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("meta counts 4 entries"), std::string::npos);
  // The check leaves no transaction open.
  PlainSqlite(file_).Run("UPDATE meta SET entry_count = entry_count - 1");
  EXPECT_EQ(ProblemsIn(*reader), Strings());
}

TEST_F(ReadOnlyTest, AfterACloseCallsAreUnavailable) {
  MakeCache();
  const auto reader = OpenToRead();
  EXPECT_TRUE(reader->Close().ok());
  EXPECT_TRUE(reader->Close().ok());
  EXPECT_TRUE(
      reader->backend()->GetRaw("a").status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(reader->ForEachKey([](auto&) { return true; })
                  .Is(ErrorCode::kUnavailable));
}

TEST_F(ReadOnlyTest, AForkedChildCannotUseIt) {
  MakeCache();
  auto reader = OpenToRead();
  EXPECT_EQ(Get(*reader, "b"), "2");
  EXPECT_EQ(InChild([&]() -> std::string {
              const Status got = reader->backend()->GetRaw("b").status();
              if (!got.Is(ErrorCode::kUnavailable)) return got.ToString();
              const Status opened = TryOpenToRead().status();
              if (!opened.Is(ErrorCode::kUnsupported)) return opened.ToString();
              reader.reset();
              return "";
            }),
            "");
  EXPECT_EQ(Get(*reader, "b"), "2");
}

}  // namespace
}  // namespace appcache::read_only_test
