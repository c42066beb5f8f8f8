// A file size limit of the process (ulimit -f) is an error of a call, and not
// the end of the process.

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/scratch.h"
#include "tests/support/in_child.h"

namespace appcache::file_size_limit_test {
namespace {

// Sets the limit and the default action of SIGXFSZ. For a child process.
void LimitFileSize(rlim_t bytes) {
  signal(SIGXFSZ, SIG_DFL);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

bool IsSignalBlockedOrPending() {
  sigset_t blocked;
  sigset_t pending;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  sigpending(&pending);
  return sigismember(&blocked, SIGXFSZ) == 1 ||
         sigismember(&pending, SIGXFSZ) == 1;
}

TEST(FileSizeLimitTest, OpeningANewFileFails) {
  const Scratch scratch;
  EXPECT_EQ(InChild([&]() -> std::string {
              for (const rlim_t limit : {0, 10, 1000, 5000, 20'000}) {
                LimitFileSize(limit);
                if (SqliteCache::OpenFile(scratch.Path("c.db")).ok()) {
                  return "opened with a limit of " + std::to_string(limit);
                }
              }
              return IsSignalBlockedOrPending() ? "signal mask changed" : "";
            }),
            "");
}

TEST(FileSizeLimitTest, AWriteBeyondItFailsAndLaterOnesSucceed) {
  const Scratch scratch;
  EXPECT_EQ(InChild([&]() -> std::string {
              const auto cache = SqliteCache::OpenFile(scratch.Path("c.db"));
              if (!cache.ok()) return cache.status().ToString();
              Backend& backend = *(*cache)->backend();
              const std::string value(100'000, 'v');
              if (!backend.SetRaw("first", value, kNoTtl).ok()) return "set";
              LimitFileSize(400'000);
              bool failed = false;
              for (int i = 0; i < 10; ++i) {
                const std::string key = std::to_string(i);
                failed |= !backend.SetRaw(key, value, kNoTtl).ok();
              }
              if (!failed) return "no write failed";
              if (!backend.GetRaw("first").is_hit()) return "lost an entry";
              if (IsSignalBlockedOrPending()) return "signal mask changed";
              LimitFileSize(RLIM_INFINITY);
              return backend.SetRaw("last", value, kNoTtl).ToString();
            }),
            Status().ToString());
}

TEST(FileSizeLimitTest, AWriteThroughABorrowedConnectionFails) {
  const Scratch scratch;
  EXPECT_EQ(InChild([&]() -> std::string {
              sqlite3* connection = nullptr;
              if (sqlite3_open(scratch.Path("c.db").c_str(), &connection) !=
                  SQLITE_OK) {
                return "sqlite3_open";
              }
              for (const rlim_t limit : {0, 10, 1000, 5000}) {
                LimitFileSize(limit);
                if (SqliteCache::OpenOn(connection).ok()) {
                  return "opened with a limit of " + std::to_string(limit);
                }
                if (IsSignalBlockedOrPending()) return "signal mask changed";
              }
              LimitFileSize(RLIM_INFINITY);
              const auto cache = SqliteCache::OpenOn(connection);
              if (!cache.ok()) return cache.status().ToString();
              Backend& backend = *(*cache)->backend();
              LimitFileSize(10'000);
              const std::string value(100'000, 'v');
              if (backend.SetRaw("a", value, kNoTtl).ok()) return "set";
              (void)(*cache)->Flush();
              if (IsSignalBlockedOrPending()) return "signal mask changed";
              LimitFileSize(RLIM_INFINITY);
              return backend.SetRaw("a", value, kNoTtl).ToString();
            }),
            Status().ToString());
}

TEST(FileSizeLimitTest, ASnapshotBeyondItFailsAndLeavesNoFile) {
  const Scratch scratch;
  EXPECT_EQ(InChild([&]() -> std::string {
              const auto cache = SqliteCache::OpenInMemory();
              if (!cache.ok()) return cache.status().ToString();
              Backend& backend = *(*cache)->backend();
              const std::string value(100'000, 'v');
              if (!backend.SetRaw("a", value, kNoTtl).ok()) return "set";
              for (const rlim_t limit : {0, 10, 5000, 50'000}) {
                LimitFileSize(limit);
                if ((*cache)->Snapshot(scratch.Path("s.db")).ok()) {
                  return "done with a limit of " + std::to_string(limit);
                }
                if (!scratch.Files().empty()) return "left a file";
              }
              if (IsSignalBlockedOrPending()) return "signal mask changed";
              LimitFileSize(RLIM_INFINITY);
              return (*cache)->Snapshot(scratch.Path("s.db")).ToString();
            }),
            Status().ToString());
}

// Reading a file with a log creates its index, which is a write.
TEST(FileSizeLimitTest, AWarmStartBeyondItEndsNothing) {
  const Scratch scratch;
  EXPECT_EQ(InChild([&]() -> std::string {
              const auto file = SqliteCache::OpenFile(scratch.Path("c.db"));
              if (!file.ok()) return file.status().ToString();
              if (!(*file)->backend()->SetRaw("a", "value", kNoTtl).ok()) {
                return "set";
              }
              // As after a crash: with a log.
              for (const char* const suffix : {"", "-wal"}) {
                Scratch::WriteAll(
                    scratch.Path("copy.db") + suffix,
                    Scratch::ReadAll(scratch.Path("c.db") + suffix));
              }
              LimitFileSize(0);
              (void)SqliteCache::OpenInMemoryFrom(scratch.Path("copy.db"));
              if (IsSignalBlockedOrPending()) return "signal mask changed";
              LimitFileSize(RLIM_INFINITY);
              const auto warm =
                  SqliteCache::OpenInMemoryFrom(scratch.Path("copy.db"));
              if (!warm.ok()) return warm.status().ToString();
              return (*warm)->backend()->GetRaw("a") ? "" : "no entry";
            }),
            "");
}

}  // namespace
}  // namespace appcache::file_size_limit_test
