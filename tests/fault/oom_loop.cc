#include "tests/fault/oom_loop.h"

#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "tests/engine/unsynced_vfs.h"
#include "tests/fault/failure_points.h"

namespace appcache {
namespace {

constexpr std::string_view kMemoryName = "out of memory";

Contents ContentsOf(SqliteCache& cache) {
  Contents contents;
  const Status status = cache.ForEachEntry([&](const StoredEntry& entry) {
    std::string& value = contents[entry.info.path];
    value = entry.value.view();
    if (const auto& expiry = entry.info.expires_at) {
      value += " until " + std::to_string(expiry->time_since_epoch().count());
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return contents;
}

void ExpectClean(SqliteCache& cache) {
  const Result<CheckReport> report = cache.Check();
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  for (const std::string& problem : report->problems) {
    ADD_FAILURE() << problem;
  }
}

void ExpectFullOrOk(const Status& status, uint64_t failed) {
  if (status.ok()) return;
  EXPECT_GT(failed, 0u) << status.ToString();
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
}

}  // namespace

std::string NameOfWhere(const testing::TestParamInfo<Where>& tested) {
  switch (tested.param) {
    case Where::kMemory:
      return "Memory";
    case Where::kFile:
      return "File";
    case Where::kConnection:
      return "Connection";
    case Where::kTransaction:
      return "Transaction";
  }
  return "Unknown";
}

SqliteCacheOptions OomLoop::Options(uint64_t max_entries) const {
  SqliteCacheOptions options;
  options.cache.log = [](LogLevel level, std::string_view message) {
    const FailingMemory::Pause pause;
    EXPECT_NE(level, LogLevel::kError) << message;
  };
  options.max_entries = max_entries;
  options.clock = clock_;
  options.hash_seed = 7;
  options.vfs = UnsyncedVfs();
  // In memory, what SQLite has is read from there, and can fail.
  options.resident_bytes = 0;
  return options;
}

SqliteCache::Opened OomLoop::OpenIt(SqliteCacheOptions options) const {
  if (OnConnection()) return SqliteCache::OpenOn(db_, std::move(options));
  return GetParam() == Where::kFile
             ? SqliteCache::OpenFile(path_, std::move(options))
             : SqliteCache::OpenInMemory(std::move(options), kMemoryName);
}

OomLoop::~OomLoop() { sqlite3_close(db_); }

bool OomLoop::OnConnection() const {
  return GetParam() == Where::kConnection || GetParam() == Where::kTransaction;
}

void OomLoop::Execute(const char* sql) {
  EXPECT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db_);
}

void OomLoop::Remove() {
  for (const char* const suffix : {"", "-wal", "-shm", "-lane", "-journal"}) {
    std::filesystem::remove(path_ + suffix);
  }
  if (!OnConnection()) return;
  EXPECT_EQ(sqlite3_close(std::exchange(db_, nullptr)), SQLITE_OK);
  ASSERT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
}

void OomLoop::MakeOlder() const {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "ALTER TABLE entries DROP COLUMN checksum",
                         nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(db);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
}

void OomLoop::TryOne(const AttemptWith& attempt, FailingMemory::Plan plan,
                     Seen& seen) {
  const int64_t used = sqlite3_memory_used();
  try {
    attempt(plan, seen);
  } catch (const std::exception& exception) {
    ADD_FAILURE() << "threw " << exception.what();
  }
  // Where something stays open, it may have grown.
  if (used == 0) {
    EXPECT_EQ(sqlite3_memory_used(), 0) << "SQLite's memory leaks";
  }
}

void OomLoop::ForEachFailure(const AttemptWith& attempt) {
  Seen without;
  TryOne(attempt, {.first = FailingMemory::kForEver}, without);
  ASSERT_FALSE(HasFailure()) << "without a failure";
  uint64_t failed_in_all = 0;
  for (const uint64_t failures : {uint64_t{1}, FailingMemory::kForEver}) {
    if (failures != 1 && !fail_for_ever_) break;
    for (const uint64_t first :
         FailurePoints(without.allocations, stride_, random_)) {
      Seen seen;
      TryOne(attempt, {first, failures}, seen);
      if (HasFailure()) {
        FAIL() << "allocation " << first << " fails"
               << (failures == 1 ? " once" : " and all after it");
      }
      failed_in_all += seen.failed;
    }
  }
  RecordProperty("failures", std::to_string(failed_in_all));
  // Otherwise nothing was tried.
  EXPECT_GT(failed_in_all, 0u);
}

void OomLoop::Rehearse(const Operation& operation) {
  Remove();
  auto cache = OpenIt(Options(operation.max_entries));
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  if (operation.prepare) operation.prepare(**cache);
  before_ = ContentsOf(**cache);
  const Status status = operation.run(**cache);
  ASSERT_TRUE(status.ok()) << status.ToString();
  after_ = operation.closes ? before_ : ContentsOf(**cache);
}

void OomLoop::Attempt(const Operation& operation, FailingMemory::Plan plan,
                      Seen& seen) {
  Remove();
  auto opened = OpenIt(Options(operation.max_entries));
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  SqliteCache& cache = **opened;
  if (operation.prepare) operation.prepare(cache);
  if (GetParam() == Where::kTransaction) Execute("BEGIN");
  Status status;
  {
    const FailingMemory failing(plan);
    status = operation.run(cache);
    seen = {failing.allocations(), failing.failed()};
  }
  ExpectFullOrOk(status, seen.failed);
  if (operation.check) operation.check(status);
  if (!operation.closes) {
    EXPECT_EQ(ContentsOf(cache), status.ok() ? after_ : before_);
    const Status again = operation.run(cache);
    EXPECT_TRUE(again.ok()) << again.ToString();
    if (operation.check) operation.check(again);
    EXPECT_EQ(ContentsOf(cache), after_);
    ExpectClean(cache);
    const Status closed = cache.Close();
    EXPECT_TRUE(closed.ok()) << closed.ToString();
  }
  opened->reset();
  if (OnConnection() && sqlite3_get_autocommit(db_) == 0) Execute("COMMIT");
  if (GetParam() == Where::kMemory || plan.failures != 1) return;
  opened = OpenIt(Options(operation.max_entries));
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(ContentsOf(**opened), after_);
  ExpectClean(**opened);
}

void OomLoop::FailEverywhere(const Operation& operation) {
  Rehearse(operation);
  if (HasFatalFailure()) return;
  ForEachFailure([&](FailingMemory::Plan plan, Seen& seen) {
    Attempt(operation, plan, seen);
  });
}

void OomLoop::FailEverywhereInOpen(
    const std::function<void()>& prepare, const Open& open,
    const std::function<void(SqliteCache&)>& check) {
  ForEachFailure([&](FailingMemory::Plan plan, Seen& seen) {
    prepare();
    SqliteCacheOptions options = Options();
    std::optional<SqliteCache::Opened> opened;
    {
      const FailingMemory failing(plan);
      opened.emplace(open(std::move(options)));
      seen = {failing.allocations(), failing.failed()};
    }
    ExpectFullOrOk(opened->status(), seen.failed);
    if (!opened->ok()) opened.emplace(open(Options()));
    ASSERT_TRUE(opened->ok()) << opened->status().ToString();
    check(***opened);
    ExpectClean(***opened);
  });
}

}  // namespace appcache
