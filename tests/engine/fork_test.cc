// E9, fork: an object that was opened before it is the parent's.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "engine/lane/file_lock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/in_child.h"

namespace appcache::fork_test {
namespace {

enum class Store { kMemory, kFile, kBorrowed };

class ForkTest : public testing::TestWithParam<Store> {
 protected:
  ForkTest() : cache_(Open()) {
    Set(*cache_, "a");
    Get(*cache_, "a");
    // Has the cache's own thread run, if it has one.
    Set(*cache_, "b", "value", std::chrono::hours(1));
  }

  std::unique_ptr<SqliteCache> Open() const {
    return Must(GetParam() == Store::kMemory
                    ? SqliteCache::OpenInMemory({}, "forked")
                : GetParam() == Store::kFile
                    ? SqliteCache::OpenFile(scratch_.Path("cache.db"))
                    : SqliteCache::OpenOn(connection_.get()));
  }

  void ExpectUnharmed() {
    EXPECT_EQ(Get(*cache_, "a"), "value");
    Set(*cache_, "c");
    EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b", "c"}));
    EXPECT_TRUE(cache_->Flush().ok());
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
    EXPECT_TRUE(cache_->Close().ok());
  }

  const Scratch scratch_;
  const PlainSqlite connection_;
  std::unique_ptr<SqliteCache> cache_;
};

std::string ComplaintAbout(const Status& status) {
  if (status.Is(ErrorCode::kUnavailable) &&
      status.error().message.find("before fork()") != std::string::npos) {
    return "";
  }
  return status.ToString() + "\n";
}

TEST_P(ForkTest, TheChildsCallsAreUnavailable) {
  EXPECT_EQ(
      InChild([&] {
        SqliteCache& cache = *cache_;
        const auto visit = [](const auto&) { return true; };
        return ComplaintAbout(cache.backend()->GetRaw("a").status()) +
               ComplaintAbout(cache.backend()->TtlRaw("a").status()) +
               ComplaintAbout(cache.backend()->GetTimedRaw("a").status()) +
               ComplaintAbout(cache.backend()->SetRaw("a", "x", kNoTtl)) +
               ComplaintAbout(cache.backend()->InvalidateRaw("a")) +
               ComplaintAbout(cache.Clear()) + ComplaintAbout(cache.Flush()) +
               ComplaintAbout(cache.ForEachKey(visit)) +
               ComplaintAbout(cache.ForEachEntry(visit)) +
               ComplaintAbout(cache.RestoreMany({})) +
               ComplaintAbout(cache.Snapshot("forked.db")) +
               ComplaintAbout(cache.Check().status()) +
               ComplaintAbout(cache.CheckAndFix().status());
      }),
      "");
  ExpectUnharmed();
}

TEST_P(ForkTest, TheChildsStatsAreThoseOfTheFork) {
  EXPECT_EQ(InChild([&]() -> std::string {
              const CacheStats stats = cache_->Stats();
              return stats.sets == 2 && !stats.entries ? "" : "other stats";
            }),
            "");
  ExpectUnharmed();
}

TEST_P(ForkTest, TheChildsCloseAndDestructorReleaseNothing) {
  EXPECT_EQ(InChild([&]() -> std::string {
              const Status closed = cache_->Close();
              cache_.reset();
              return closed.ok() ? "" : closed.ToString();
            }),
            "");
  ExpectUnharmed();
}

TEST_P(ForkTest, AChildOfTheChildMayDoTheSame) {
  EXPECT_EQ(
      InChild([&] {
        const std::string complaint = InChild([&] {
          return ComplaintAbout(cache_->backend()->SetRaw("a", "x", kNoTtl));
        });
        cache_.reset();
        return complaint;
      }),
      "");
  ExpectUnharmed();
}

// Not only the thread that opened it.
TEST_P(ForkTest, AnyThreadMayFork) {
  std::string complaint = "no answer";
  std::jthread([&] {
    Get(*cache_, "a");
    complaint = InChild([&] {
      const std::string wrong =
          ComplaintAbout(cache_->backend()->GetRaw("a").status());
      cache_.reset();
      return wrong;
    });
  }).join();
  EXPECT_EQ(complaint, "");
  ExpectUnharmed();
}

INSTANTIATE_TEST_SUITE_P(Stores, ForkTest,
                         testing::Values(Store::kMemory, Store::kFile,
                                         Store::kBorrowed),
                         [](const testing::TestParamInfo<Store>& info) {
                           return info.param == Store::kMemory ? "Memory"
                                  : info.param == Store::kFile ? "File"
                                                               : "Borrowed";
                         });

std::string Use(SqliteCache::Opened opened, const std::string& expected) {
  if (!opened.ok()) return opened.status().ToString();
  const std::unique_ptr<SqliteCache> cache = *std::move(opened);
  const std::string before = Get(*cache, "a");
  if (before != expected) return "found " + before;
  const Status set = cache->backend()->SetRaw("a", "the child's", kNoTtl);
  if (!set.ok()) return set.ToString();
  const std::string after = Get(*cache, "a");
  if (after != "the child's") return "then found " + after;
  return cache->Close().ToString() == "ok" ? "" : "did not close";
}

TEST(ForkedChildTest, HasACacheInMemoryOfItsOwnUnderTheSameName) {
  const auto cache = Must(SqliteCache::OpenInMemory());
  Set(*cache, "a");
  EXPECT_EQ(InChild([] { return Use(SqliteCache::OpenInMemory(), "<miss>"); }),
            "");
  EXPECT_EQ(Get(*cache, "a"), "value");
}

TEST(ForkedChildTest, OpensAnotherFile) {
  const Scratch scratch;
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("one.db")));
  Set(*cache, "a");
  EXPECT_EQ(InChild([&] {
              return Use(SqliteCache::OpenFile(scratch.Path("two.db")),
                         "<miss>");
            }),
            "");
  EXPECT_EQ(Get(*cache, "a"), "value");
}

TEST(ForkedChildTest, OpensAFileThatWasClosedBeforeTheFork) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(file)), "a");
  EXPECT_EQ(InChild([&] { return Use(SqliteCache::OpenFile(file), "value"); }),
            "");
  EXPECT_EQ(Get(*Must(SqliteCache::OpenFile(file)), "a"), "the child's");
}

// SQLite's locks on it are in the memory that the child has inherited.
TEST(ForkedChildTest, IsRefusedAFileThatWasOpenAtTheFork) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const auto cache = Must(SqliteCache::OpenFile(file));
  const auto complaint = [&]() -> std::string {
    const Status status = SqliteCache::OpenFile(file).status();
    const bool refused =
        status.Is(ErrorCode::kUnsupported) &&
        status.error().message.find("forked") != std::string::npos;
    return refused ? "" : status.ToString() + "\n";
  };
  EXPECT_EQ(InChild([&] { return complaint() + InChild(complaint); }), "");
  Set(*cache, "a");
  EXPECT_EQ(Get(*Must(SqliteCache::OpenFile(file)), "a"), "value");
}

// Whatever the cache's own thread is doing at that moment.
TEST(ForkedChildTest, IsNeverStuckBehindAThreadOfItsParent) {
  SqliteCacheOptions options;
  options.touch_flush_interval = std::chrono::milliseconds(1);
  const auto cache = Must(SqliteCache::OpenInMemory(options, "busy"));
  for (int i = 0; i < 2000; ++i) Set(*cache, std::to_string(i));
  for (int fork = 0; fork < 30; ++fork) {
    for (int i = 0; i < 2000; ++i) Get(*cache, std::to_string(i));
    EXPECT_EQ(InChild([] {
                alarm(60);  // ends a child that is stuck
                return Use(SqliteCache::OpenInMemory(), "<miss>");
              }),
              "");
  }
}

// A process that holds the writer lane forks and is killed; its child lives on.
TEST(ForkedChildTest, DoesNotKeepTheLaneOfItsParent) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  Must(SqliteCache::OpenFile(file));
  int ready[2];
  int end[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(end), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    close(end[1]);
    auto lock = internal::FileLock::Open(file + "-lane");
    const bool locked = lock.ok() && *lock->TryLock();
    char byte = locked ? 'y' : 'n';
    if (fork() == 0) {
      // Lives until the test closes its end.
      if (write(ready[1], &byte, 1) != 1) _exit(1);
      _exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
    }
    pause();
    _exit(0);
  }
  close(end[0]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  SqliteCacheOptions options;
  options.busy_timeout = std::chrono::milliseconds(0);
  EXPECT_EQ(SqliteCache::OpenFile(file, options).status().error().code,
            ErrorCode::kBusy);
  EXPECT_EQ(kill(parent, SIGKILL), 0);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  Set(*Must(SqliteCache::OpenFile(file, options)), "a");
  for (const int descriptor : {ready[0], ready[1], end[1]}) close(descriptor);
}

}  // namespace
}  // namespace appcache::fork_test
