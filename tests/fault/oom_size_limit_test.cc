// Memory runs out in a set at max_database_bytes, which evicts and writes in
// two transactions under different limits.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/failing_memory.h"
#include "tests/fault/failure_points.h"
#include "tests/support/random.h"

namespace appcache::oom_size_limit_test {
namespace {

constexpr uint64_t kCap = uint64_t{1} << 20;
constexpr size_t kValueBytes = 3000;

// A new cache in memory for each attempt.
class Attempt {
 public:
  Attempt() {
    SqliteCacheOptions options;
    options.max_database_bytes = kCap;
    options.hash_seed = 7;
    options.cache.log = [](LogLevel level, std::string_view message) {
      const FailingMemory::Pause pause;
      EXPECT_NE(level, LogLevel::kError) << message;
    };
    auto opened = SqliteCache::OpenInMemory(options, "at the limit");
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
    // As one batch, which fits, and then one by one until one more set must
    // evict.
    std::vector<std::string> paths;
    std::vector<RawEntry> entries;
    for (int i = 0; i < 190; ++i) paths.push_back("first" + std::to_string(i));
    for (const std::string& path : paths) entries.push_back({path, value_});
    EXPECT_TRUE(cache_->backend()->SetManyRaw(entries).ok());
    for (int i = 0; DatabaseBytes() + 33 * 4096 <= kCap; ++i) {
      EXPECT_TRUE(Set("more" + std::to_string(i)).ok());
    }
  }

  SqliteCache& cache() { return *cache_; }

  Status Set(const std::string& path) {
    return cache_->backend()->SetRaw(path, value_, kNoTtl);
  }

  bool Has(const std::string& path) {
    const Lookup<Bytes> found = cache_->backend()->GetRaw(path);
    EXPECT_FALSE(found.has_error());
    if (found) {
      EXPECT_TRUE(found->view() == value_);
    }
    return found.is_hit();
  }

  uint64_t DatabaseBytes() {
    if (db_ == nullptr) db_ = *SqliteCache::ConnectInMemory("at the limit");
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(
        sqlite3_prepare_v2(db_, "PRAGMA page_count", -1, &statement, nullptr),
        SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const auto pages =
        static_cast<uint64_t>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return pages * 4096;
  }

  ~Attempt() { sqlite3_close(db_); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

 private:
  const std::string value_ = std::string(kValueBytes, 'v');
  std::unique_ptr<SqliteCache> cache_;
  sqlite3* db_ = nullptr;
};

TEST(OomSizeLimitTest, ASetThatEvictsKeepsToTheLimitAfterwards) {
  const std::string path = "new";
  uint64_t allocations = 0;
  {
    Attempt attempt;
    ASSERT_EQ(attempt.cache().Stats().evictions, 0u);
    const FailingMemory counting({.first = FailingMemory::kForEver});
    ASSERT_TRUE(attempt.Set(path).ok());
    allocations = counting.allocations();
    const FailingMemory::Pause pause;
    EXPECT_GT(*attempt.cache().Stats().evictions, 0u);
  }
  RandomSource random;
  for (const uint64_t failures : {uint64_t{1}, FailingMemory::kForEver}) {
    for (const uint64_t first : FailurePoints(allocations, 7, random)) {
      SCOPED_TRACE("allocation " + std::to_string(first) + " fails");
      Attempt attempt;
      Status status;
      uint64_t failed = 0;
      {
        const FailingMemory failing({first, failures});
        status = attempt.Set(path);
        failed = failing.failed();
      }
      EXPECT_GT(failed, 0u);
      if (!status.ok()) {
        EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
      }
      EXPECT_EQ(attempt.Has(path), status.ok());
      // The limit is that of before.
      for (int i = 0; i < 80; ++i) {
        const std::string next = "next" + std::to_string(i);
        const Status set = attempt.Set(next);
        ASSERT_TRUE(set.ok()) << set.ToString();
        ASSERT_TRUE(attempt.Has(next));
      }
      EXPECT_LE(attempt.DatabaseBytes(), kCap);
      const Result<CheckReport> report = attempt.cache().Check();
      ASSERT_TRUE(report.ok()) << report.status().ToString();
      EXPECT_EQ(report->problems, std::vector<std::string>());
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace appcache::oom_size_limit_test
