// A file returns the space of entries that are gone, in steps.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::file_shrink_test {
namespace {

constexpr int kEntries = 400;

class FileShrinkTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(uint64_t max_entries = 1000) {
    SqliteCacheOptions options;
    options.clock = clock_;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenFile(file_, options));
  }

  void Fill(SqliteCache& cache, Ttl ttl = kNoTtl) {
    for (int i = 0; i < kEntries; ++i) {
      Set(cache, std::to_string(i), std::string(5000, 'v'), ttl);
    }
    ASSERT_TRUE(cache.Flush().ok());
    ASSERT_GT(Bytes(), 2'000'000u);
  }

  uint64_t Bytes() const { return std::filesystem::file_size(file_); }

  // Small changes are followed up after a while.
  bool BecomesSmall() {
    return Await([&] {
      clock_->Advance(std::chrono::minutes(1));
      return Bytes() < 500'000;
    });
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

TEST_F(FileShrinkTest, WhenItIsOpenedWithLowerLimits) {
  Fill(*Open());
  const auto cache = Open(/*max_entries=*/10);
  EXPECT_TRUE(BecomesSmall()) << Bytes();
  EXPECT_EQ(Get(*cache, "399"), std::string(5000, 'v'));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(FileShrinkTest, WhenItsEntriesExpire) {
  const auto cache = Open();
  Fill(*cache, Ttl(10'000));
  clock_->Advance(std::chrono::hours(1));
  EXPECT_TRUE(BecomesSmall()) << Bytes();
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(FileShrinkTest, WhenItsEntriesAreInvalidated) {
  const auto cache = Open();
  Fill(*cache);
  for (int i = 1; i < kEntries; ++i) {
    ASSERT_TRUE(cache->backend()->InvalidateRaw(std::to_string(i)).ok());
  }
  EXPECT_TRUE(BecomesSmall()) << Bytes();
  EXPECT_EQ(Get(*cache, "0"), std::string(5000, 'v'));
}

// What others made cannot shrink: maintenance does not try for ever.
TEST_F(FileShrinkTest, AFileThatKeepsItsPagesIsLeftAsItIs) {
  Fill(*Open());
  PlainSqlite plain(file_);
  plain.Run("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
  plain.Close();
  const auto cache = Open(/*max_entries=*/10);
  Set(*cache, "more");
  EXPECT_TRUE(cache->Close().ok());
  EXPECT_GT(Bytes(), 2'000'000u);
}

}  // namespace
}  // namespace appcache::file_shrink_test
