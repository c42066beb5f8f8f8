// A cache whose file was removed, renamed or replaced: the next call that
// notices opens what is there now.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache::moved_file_test {
namespace {

using std::chrono::milliseconds;

class MovedFileTest : public testing::Test {
 protected:
  MovedFileTest() {
    options_.cache = log_.options();
    options_.clock = clock_;
    cache_ = Open();
    Set(*cache_, "a");
  }

  std::unique_ptr<SqliteCache> Open() const {
    return Must(SqliteCache::OpenFile(file_, options_));
  }

  void RemoveFiles() const {
    for (const char* const suffix : {"", "-wal", "-shm", "-lane"}) {
      std::filesystem::remove(file_ + suffix);
    }
  }

  // The keys that another program reads from the file at the path.
  StringSet KeysInTheFile() const {
    const Strings rows =
        PlainSqlite(file_).Rows("SELECT CAST(key AS TEXT) FROM entries");
    return StringSet(rows.begin(), rows.end());
  }

  void ExpectOneLogLine() const {
    ASSERT_EQ(log_.lines().size(), 1u) << testing::PrintToString(log_.lines());
    EXPECT_EQ(log_.lines()[0],
              "warning: the file of the cache " + file_ +
                  " was removed, renamed or replaced: the one that is there "
                  "now, or a new one, was opened");
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(MovedFileTest, ASetAfterARemovalGoesToANewFile) {
  Get(*cache_, "a");  // connects
  RemoveFiles();
  EXPECT_EQ(Get(*cache_, "a"), "value");  // of the old one
  Set(*cache_, "b");
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  EXPECT_EQ(Get(*cache_, "b"), "value");
  EXPECT_EQ(KeysInTheFile(), StringSet{"b"});
  EXPECT_TRUE(std::filesystem::exists(file_ + "-lane"));
  ExpectOneLogLine();
}

TEST_F(MovedFileTest, CallsFailNotEvenOnceAndCountersGoOn) {
  Get(*cache_, "a");
  RemoveFiles();
  Set(*cache_, "b");
  Get(*cache_, "b");
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.sets, 2u);
  EXPECT_EQ(stats.hits, 2u);
  EXPECT_EQ(stats.misses, 0u);
  EXPECT_EQ(stats.write_errors, 0u);
  EXPECT_EQ(stats.read_errors, 0u);
  EXPECT_EQ(*stats.entries, 1u);
}

// Whatever else was removed with it. A log that stayed belongs to no file.
TEST_F(MovedFileTest, AnyOfTheFilesBesideItMayRemain) {
  const std::array<const char*, 3> suffixes = {"-wal", "-shm", "-lane"};
  for (unsigned removed = 0; removed < 8; ++removed) {
    SCOPED_TRACE(removed);
    std::filesystem::remove(file_);
    for (unsigned i = 0; i < 3; ++i) {
      if (removed >> i & 1) std::filesystem::remove(file_ + suffixes[i]);
    }
    const std::string key = "key" + std::to_string(removed);
    Set(*cache_, key);
    EXPECT_EQ(PathsIn(*cache_), StringSet{key});
    EXPECT_EQ(KeysInTheFile(), StringSet{key});
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
    EXPECT_TRUE(cache_->Close().ok());
    cache_ = Open();
    EXPECT_EQ(PathsIn(*cache_), StringSet{key});
  }
}

TEST_F(MovedFileTest, EveryOperationThatWritesOrConnectsNotices) {
  const Scratch elsewhere;
  Backend& backend = *cache_->backend();
  const std::vector<RawEntry> entries = {{"b", "value"}, {"c", "value"}};
  const std::vector<std::function<Status()>> operations = {
      [&] { return backend.SetRaw("b", "value", kNoTtl); },
      [&] { return backend.SetManyRaw(entries); },
      [&] { return backend.AddRaw("b", "value", kNoTtl).status(); },
      [&] { return backend.InvalidateRaw("a"); },
      [&] { return backend.InvalidatePrefixRaw("none/"); },
      [&] { return backend.ClearRaw(); },
      [&] { return cache_->RestoreMany({}); },
      [&] { return cache_->Flush(); },
      [&] { return cache_->Check().status(); },
      [&] { return cache_->CheckAndFix().status(); },
      [&] { return cache_->ForEachKey([](auto&) { return true; }); },
      [&] { return cache_->Snapshot(elsewhere.Path("copy.db")); },
  };
  for (size_t i = 0; i < operations.size(); ++i) {
    SCOPED_TRACE(i);
    RemoveFiles();
    const Status status = operations[i]();
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_TRUE(std::filesystem::exists(file_));
    EXPECT_EQ(log_.lines().size(), i + 1);
    Set(*cache_, "a");
  }
}

TEST_F(MovedFileTest, AGetInANewThreadNotices) {
  RemoveFiles();
  std::jthread([&] { EXPECT_EQ(Get(*cache_, "a"), "<miss>"); }).join();
  ExpectOneLogLine();
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
}

// A program that only reads.
TEST_F(MovedFileTest, MaintenanceNotices) {
  Get(*cache_, "a");
  RemoveFiles();
  EXPECT_TRUE(Await([&] {
    clock_->Advance(options_.touch_flush_interval);
    return Get(*cache_, "a") == "<miss>";
  }));
  ExpectOneLogLine();
}

TEST_F(MovedFileTest, NothingIsWrittenToTheOldFileAnyMore) {
  Get(*cache_, "a");
  const Scratch elsewhere;
  const std::string old = elsewhere.Path("old.db");
  for (const char* const suffix : {"", "-wal"}) {
    std::filesystem::rename(file_ + suffix, old + suffix);
  }
  const std::map<std::string, std::string> before = elsewhere.Files();
  Set(*cache_, "b");
  EXPECT_TRUE(cache_->Flush().ok());
  cache_.reset();
  EXPECT_TRUE(elsewhere.Files() == before);
}

TEST_F(MovedFileTest, AFileThatComesBackUnnoticedIsStillOpen) {
  Get(*cache_, "a");  // connects
  std::filesystem::rename(file_, file_ + ".away");
  EXPECT_EQ(Get(*cache_, "a"), "value");
  std::filesystem::rename(file_ + ".away", file_);
  Set(*cache_, "b");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b"}));
  EXPECT_EQ(log_.lines(), Strings());
}

TEST_F(MovedFileTest, AFileThatComesBackLaterReplacesTheNewOne) {
  ASSERT_TRUE(cache_->Flush().ok());
  std::filesystem::rename(file_, file_ + ".away");
  Set(*cache_, "b");
  EXPECT_EQ(PathsIn(*cache_), StringSet{"b"});
  std::filesystem::rename(file_ + ".away", file_);
  Set(*cache_, "c");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(log_.lines().size(), 2u);
}

// The log of the old file stays behind. It would damage the new one.
TEST_F(MovedFileTest, AReplacementIsOpenedWithoutTheLogOfTheOldFile) {
  const Scratch elsewhere;
  const std::string other = elsewhere.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(other, options_)), "theirs");
  ASSERT_GT(std::filesystem::file_size(file_ + "-wal"), 0u);
  std::filesystem::rename(other, file_);
  Set(*cache_, "b");
  EXPECT_EQ(Get(*cache_, "theirs"), "value");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "theirs"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  ExpectOneLogLine();
}

TEST_F(MovedFileTest, AReplacementIsNotReadWithTheLogOfTheOldFile) {
  const Scratch elsewhere;
  const std::string other = elsewhere.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(other, options_)), "theirs");
  std::filesystem::rename(other, file_);
  EXPECT_TRUE(
      SqliteCache::OpenFileToRead(file_).status().Is(ErrorCode::kUnavailable));
  Set(*cache_, "b");
  EXPECT_EQ(PathsIn(*Must(SqliteCache::OpenFileToRead(file_))),
            (StringSet{"b", "theirs"}));
}

TEST_F(MovedFileTest, AReplacementThatIsNoCacheIsUnsupportedAndUnharmed) {
  std::filesystem::remove(file_);
  std::filesystem::remove(file_ + "-lane");
  Scratch::WriteAll(file_, "precious text of mine");
  for (int i = 0; i < 2; ++i) {
    const Status status = cache_->backend()->SetRaw("b", "value", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(cache_->backend()->GetRaw("a").has_error());
  }
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.write_errors, 2u);
  EXPECT_EQ(stats.misses, 3u);
  EXPECT_EQ(stats.read_errors, 3u);
  EXPECT_EQ(Scratch::ReadAll(file_), "precious text of mine");
  std::filesystem::remove(file_);
  Set(*cache_, "b");
}

TEST_F(MovedFileTest, WithoutItsDirectoryItIsUnavailableUntilThatIsBack) {
  const std::string away = scratch_.directory() + ".away";
  std::filesystem::rename(scratch_.directory(), away);
  for (int i = 0; i < 2; ++i) {
    const Status status = cache_->backend()->SetRaw("b", "value", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    EXPECT_NE(status.ToString().find("check that its directory exists"),
              std::string::npos)
        << status.ToString();
    EXPECT_TRUE(
        cache_->backend()->GetRaw("a").status().Is(ErrorCode::kUnavailable));
  }
  std::filesystem::create_directory(scratch_.directory());
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  Set(*cache_, "b");
  EXPECT_EQ(KeysInTheFile(), StringSet{"b"});
  std::filesystem::remove_all(away);
}

TEST_F(MovedFileTest, CloseSucceedsAndMakesNoFile) {
  Get(*cache_, "a");
  RemoveFiles();
  EXPECT_TRUE(cache_->Close().ok());
  EXPECT_TRUE(scratch_.Files().empty());
  EXPECT_TRUE(
      cache_->backend()->GetRaw("a").status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(scratch_.Files().empty());
}

TEST_F(MovedFileTest, AnotherOpenerSharesTheNewFile) {
  RemoveFiles();
  const auto other = Open();
  Set(*other, "b");
  EXPECT_EQ(Get(*cache_, "b"), "value");
  EXPECT_EQ(KeysInTheFile(), StringSet{"b"});
}

// A forked child that takes turns with this process.
class ChildInTurns {
 public:
  // The child runs `work(await)` and exits; await() gives the turn to the
  // parent, and returns when it is the child's again.
  using Await = std::function<void()>;
  explicit ChildInTurns(const std::function<void(const Await&)>& work) {
    EXPECT_EQ(pipe(to_child_.data()), 0);
    EXPECT_EQ(pipe(to_parent_.data()), 0);
    child_ = fork();
    if (child_ == 0) {
      alarm(60);
      work([&] { Pass(to_parent_[1], to_child_[0]); });
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    Read(to_parent_[0]);
  }
  // Gives the last turn to the child. Its exit status.
  int Finish() {
    EXPECT_EQ(write(to_child_[1], "x", 1), 1);
    int status = -1;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    return status;
  }
  ~ChildInTurns() {
    for (const auto& fds : {to_child_, to_parent_}) {
      close(fds[0]);
      close(fds[1]);
    }
  }

 private:
  static void Read(int fd) {
    char byte = 0;
    EXPECT_EQ(read(fd, &byte, 1), 1);
  }
  static void Pass(int to, int from) {
    EXPECT_EQ(write(to, "x", 1), 1);
    Read(from);
  }

  std::array<int, 2> to_child_ = {-1, -1};
  std::array<int, 2> to_parent_ = {-1, -1};
  pid_t child_ = -1;
};

TEST_F(MovedFileTest, ProcessesMeetInTheNewFile) {
  cache_.reset();  // a child may not open what was open at the fork
  ChildInTurns child([&](const ChildInTurns::Await& await) {
    const auto cache = Open();
    Set(*cache, "of the child");
    await();
    Set(*cache, "later");
    EXPECT_EQ(Get(*cache, "of the parent"), "value");
  });
  cache_ = Open();
  EXPECT_EQ(Get(*cache_, "of the child"), "value");
  RemoveFiles();
  Set(*cache_, "of the parent");
  EXPECT_EQ(child.Finish(), 0);
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"later", "of the parent"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(MovedFileTest, AProcessOpensAReplacementThatAnotherHasNotNoticed) {
  cache_.reset();
  const Scratch elsewhere;
  const std::string other = elsewhere.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(other, options_)), "theirs");
  ChildInTurns child([&](const ChildInTurns::Await& await) {
    const auto cache = Open();
    for (int i = 0; i < 100; ++i) Set(*cache, "old" + std::to_string(i));
    Get(*cache, "old7");  // connects
    await();
    EXPECT_EQ(Get(*cache, "old7"), "value");
    Set(*cache, "later");
  });
  std::filesystem::rename(other, file_);
  EXPECT_TRUE(
      SqliteCache::OpenFileToRead(file_).status().Is(ErrorCode::kUnavailable));
  cache_ = Open();
  EXPECT_EQ(log_.lines(), Strings{"warning: the file of the cache " + file_ +
                                  " was replaced while the log of the old one "
                                  "remained: the log was removed"});
  EXPECT_EQ(PathsIn(*cache_), StringSet{"theirs"});
  Set(*cache_, "new");
  EXPECT_EQ(child.Finish(), 0);
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"later", "new", "theirs"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// A copy of the files of a process that was killed: the log has the entries.
TEST_F(MovedFileTest, ALogThatWasCopiedWithItsFileIsUsed) {
  const Scratch elsewhere;
  const auto copy_to = [&](const std::string& from, const std::string& to) {
    for (const char* const suffix : {"", "-wal", "-lane"}) {
      std::filesystem::copy_file(from + suffix, to + suffix);
    }
  };
  const std::string copy = elsewhere.Path("cache.db");
  Set(*cache_, "b");
  ASSERT_GT(std::filesystem::file_size(file_ + "-wal"), 0u);
  copy_to(file_, copy);
  EXPECT_EQ(PathsIn(*Must(SqliteCache::OpenFileToRead(copy))),
            (StringSet{"a", "b"}));
  cache_.reset();
  RemoveFiles();
  copy_to(copy, file_);
  cache_ = Open();
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b"}));
  EXPECT_EQ(PathsIn(*Must(SqliteCache::OpenFile(copy, options_))),
            (StringSet{"a", "b"}));
  EXPECT_EQ(log_.lines(), Strings());
}

// It maps the log that belongs to the removed file.
TEST_F(MovedFileTest, AnOpenerDoesNotUseTheIndexThatAnotherProcessHolds) {
  cache_.reset();
  ChildInTurns child([&](const ChildInTurns::Await& await) {
    const auto cache = Open();
    for (int i = 0; i < 100; ++i) Set(*cache, "old" + std::to_string(i));
    Get(*cache, "old7");  // connects
    await();
    EXPECT_EQ(Get(*cache, "old7"), "value");
    Set(*cache, "later");
  });
  std::filesystem::remove(file_);
  cache_ = Open();
  EXPECT_EQ(PathsIn(*cache_), StringSet());
  Set(*cache_, "new");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(child.Finish(), 0);
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"later", "new"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

}  // namespace
}  // namespace appcache::moved_file_test
