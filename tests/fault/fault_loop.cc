#include "tests/fault/fault_loop.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fault/failure_points.h"

namespace appcache {
namespace {

namespace fs = std::filesystem;

using std::chrono::milliseconds;

constexpr std::string_view kPrefix = "t";

constexpr std::array kFailureKinds = {
    FailureKind{VfsCall::kRead, SQLITE_IOERR_READ},
    FailureKind{VfsCall::kWrite, SQLITE_IOERR_WRITE},
    FailureKind{VfsCall::kWrite, SQLITE_IOERR_WRITE, ErrorCode::kUnavailable,
                /*torn=*/true},
    FailureKind{VfsCall::kWrite, SQLITE_FULL, ErrorCode::kFull},
    FailureKind{VfsCall::kTruncate, SQLITE_IOERR_TRUNCATE},
    FailureKind{VfsCall::kSync, SQLITE_IOERR_FSYNC},
    FailureKind{VfsCall::kFileSize, SQLITE_IOERR_FSTAT},
    FailureKind{VfsCall::kOpen, SQLITE_CANTOPEN},
    FailureKind{VfsCall::kDelete, SQLITE_IOERR_DELETE},
    FailureKind{VfsCall::kAccess, SQLITE_IOERR_ACCESS},
    FailureKind{VfsCall::kLock, SQLITE_IOERR_LOCK},
    FailureKind{VfsCall::kLock, SQLITE_BUSY, ErrorCode::kBusy},
    FailureKind{VfsCall::kShmMap, SQLITE_IOERR_SHMMAP},
    FailureKind{VfsCall::kShmLock, SQLITE_IOERR_SHMLOCK},
    FailureKind{VfsCall::kShmLock, SQLITE_BUSY, ErrorCode::kBusy},
};

// The database and its log, without what only a living process needs.
void CopyFiles(const std::string& from, const std::string& to) {
  for (const char* const suffix : {"", "-wal", "-journal", "-lane"}) {
    fs::remove(to + suffix);
    if (fs::exists(from + suffix)) fs::copy_file(from + suffix, to + suffix);
  }
  fs::remove(to + "-shm");
}

void RemoveFiles(const std::string& path) {
  for (const char* const suffix : {"", "-wal", "-journal", "-lane", "-shm",
                                   "-suspect", ".damaged", ".damaged-wal"}) {
    fs::remove(path + suffix);
  }
}

int64_t OpenDescriptors() {
  return std::distance(fs::directory_iterator("/proc/self/fd"),
                       fs::directory_iterator());
}

std::string KeyOf(int i) {
  return (i < 10 ? "key0" : "key") + std::to_string(i);
}

void ExpectClean(SqliteCache& cache, uint64_t max_entries) {
  const Result<CheckReport> report = cache.Check();
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  for (const std::string& problem : report->problems) {
    ADD_FAILURE() << problem;
  }
  EXPECT_LE(report->entries, max_entries);
  EXPECT_EQ(cache.Stats().entries, report->entries);
  EXPECT_EQ(cache.Stats().bytes, report->bytes);
}

}  // namespace

std::span<const FailureKind> AllFailureKinds() { return kFailureKinds; }

std::string ExpirySuffix(TimePoint expires_at) {
  return " until " + std::to_string(expires_at.time_since_epoch().count());
}

Contents ContentsOf(SqliteCache& cache) {
  Contents contents;
  const Status status = cache.ForEachEntry([&](const StoredEntry& entry) {
    std::string& value = contents[entry.info.path.substr(kPrefix.size() + 1)];
    value = entry.value.view();
    if (const auto& expiry = entry.info.expires_at) {
      value += ExpirySuffix(*expiry);
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return contents;
}

SqliteCacheOptions FaultLoop::Options(uint64_t max_entries) const {
  SqliteCacheOptions options;
  options.cache.prefix = kPrefix;
  options.cache.log = [](LogLevel level, std::string_view message) {
    // Damage is never what a failing disk leaves behind.
    EXPECT_NE(level, LogLevel::kError) << message;
  };
  options.max_entries = max_entries;
  options.busy_timeout = milliseconds(1);
  options.clock = clock_;
  options.hash_seed = 7;
  options.vfs = vfs_.name();
  return options;
}

void FaultLoop::MakeOriginal(bool with_log) {
  const std::string made = directory_.path() + "/made.db";
  RemoveFiles(made);
  auto cache = SqliteCache::OpenFile(made, Options());
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  original_.clear();
  std::vector<std::pair<Key<std::string>, std::string>> entries;
  for (int i = 0; i < kEntries; ++i) {
    entries.emplace_back(
        Key<std::string>(KeyOf(i)),
        std::string(static_cast<size_t>(i) * 20, 'a' + i % 26));
    original_[KeyOf(i)] = entries.back().second;
  }
  for (const char* const key : {"large1", "large2"}) {
    entries.emplace_back(Key<std::string>(key), std::string(20'000, key[5]));
    original_[key] = entries.back().second;
  }
  // In one transaction: a short log, and few calls to recover it.
  ASSERT_TRUE((*cache)->SetMany(entries).ok());
  if (!with_log) {
    ASSERT_TRUE((*cache)->Flush().ok());
  }
  CopyFiles(made, directory_.path() + "/original.db");
}

void FaultLoop::MakeOriginalOlder() {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((directory_.path() + "/original.db").c_str(), &db),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "ALTER TABLE entries DROP COLUMN checksum",
                         nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(db);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
}

void FaultLoop::PlaceOriginal() const {
  RemoveFiles(path());
  CopyFiles(directory_.path() + "/original.db", path());
}

uint64_t FaultLoop::CallsIn(const AttemptWith& attempt,
                            const FailureKind& kind) {
  fault_ = {kind.call, kind.sqlite_code, /*first=*/VfsFault::kForEver};
  attempt(kind);
  return vfs_.calls();
}

void FaultLoop::ForEachFault(const AttemptWith& attempt) {
  uint64_t injected_in_all = 0;
  for (const FailureKind& kind : AllFailureKinds()) {
    const uint64_t calls = CallsIn(attempt, kind);
    for (const uint64_t failures : {uint64_t{1}, VfsFault::kForEver}) {
      for (const uint64_t first : FailurePoints(calls, stride_, random_)) {
        fault_ = {kind.call, kind.sqlite_code, first, failures, kind.torn};
        attempt(kind);
        injected_in_all += vfs_.injected();
        if (HasFailure()) {
          FAIL() << ToString(kind.call) << " " << first << " fails"
                 << (failures == 1 ? " once" : " for ever") << ":\n"
                 << vfs_.log();
        }
      }
    }
  }
  RecordProperty("faults", std::to_string(injected_in_all));
  // Otherwise nothing was tried.
  EXPECT_GT(injected_in_all, 0u);
}

void FaultLoop::FailEverywhere(const Operation& operation) {
  ForEachFault([&](const FailureKind& kind) { Attempt(operation, kind); });
}

void FaultLoop::FailEverywhereInOpen(File file) {
  ForEachFault([&](const FailureKind& kind) { AttemptToOpen(file, kind); });
}

void FaultLoop::ExpectAsToldBy(const Status& status, const FailureKind& kind) {
  if (status.ok()) return;
  EXPECT_GT(vfs_.injected(), 0u) << status.ToString();
  EXPECT_TRUE(status.Is(kind.code) || status.Is(ErrorCode::kUnavailable))
      << status.ToString();
}

void FaultLoop::Attempt(const Operation& operation, const FailureKind& kind) {
  const int64_t descriptors = OpenDescriptors();
  PlaceOriginal();
  auto opened = SqliteCache::OpenFile(path(), Options(operation.max_entries));
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  SqliteCache& cache = **opened;
  if (operation.prepare) operation.prepare(cache);
  const Contents before = ContentsOf(cache);

  vfs_.Inject(fault_);
  const Status status = operation.run(cache);
  vfs_.Heal();

  ExpectAsToldBy(status, kind);
  if (operation.check) operation.check(status);
  const Contents& expected = status.ok() ? operation.after : before;
  // (What is left behind for ever is left behind once.)
  if (fault_.failures == 1) {
    ExpectSoundAfterCrash(expected, operation.after, operation.max_entries);
  }
  if (!operation.closes) {
    EXPECT_EQ(ContentsOf(cache), expected);
    const Status again = operation.run(cache);
    EXPECT_TRUE(again.ok()) << again.ToString();
    if (operation.check) operation.check(again);
    EXPECT_EQ(ContentsOf(cache), operation.after);
    ExpectClean(cache, operation.max_entries);
    const Status closed = cache.Close();
    EXPECT_TRUE(closed.ok()) << closed.ToString();
  }
  opened->reset();
  EXPECT_EQ(OpenDescriptors(), descriptors);
  ExpectSound(path(), operation.after, operation.max_entries);
}

void FaultLoop::AttemptToOpen(File file, const FailureKind& kind) {
  const int64_t descriptors = OpenDescriptors();
  if (file == File::kOriginal) {
    PlaceOriginal();
  } else {
    RemoveFiles(path());
  }
  vfs_.Inject(fault_);
  auto opened = SqliteCache::OpenFile(path(), Options());
  vfs_.Heal();

  ExpectAsToldBy(opened.status(), kind);
  if (!opened.ok()) {
    EXPECT_EQ(OpenDescriptors(), descriptors);
    opened = SqliteCache::OpenFile(path(), Options());
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  }
  EXPECT_EQ(ContentsOf(**opened), original_);
  ASSERT_TRUE((*opened)->SetByStr<std::string>("new", "value").ok());
  EXPECT_EQ((*opened)->GetByStr<std::string>("new").value_or(""), "value");
  ASSERT_TRUE((*opened)->InvalidateByStr("new").ok());
  ExpectClean(**opened, kMaxEntries);
  opened->reset();
  EXPECT_EQ(OpenDescriptors(), descriptors);
  ExpectSound(path(), original_, kMaxEntries);
}

void FaultLoop::ExpectSound(const std::string& path, const Contents& contents,
                            uint64_t max_entries) {
  auto cache = SqliteCache::OpenFile(path, Options(max_entries));
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  EXPECT_EQ(ContentsOf(**cache), contents);
  ExpectClean(**cache, max_entries);
}

// A call that failed may have failed after the log had it all: then it is done
// for whoever recovers the log. Done in part it never is.
void FaultLoop::ExpectSoundAfterCrash(const Contents& contents,
                                      const Contents& or_contents,
                                      uint64_t max_entries) {
  const std::string crashed = directory_.path() + "/crashed.db";
  CopyFiles(path(), crashed);
  auto cache = SqliteCache::OpenFile(crashed, Options(max_entries));
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  const Contents found = ContentsOf(**cache);
  EXPECT_TRUE(found == contents || found == or_contents);
  ExpectClean(**cache, max_entries);
}

}  // namespace appcache
