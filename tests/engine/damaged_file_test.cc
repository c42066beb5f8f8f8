// E7, the half about files of ours that are damaged: they are set aside and the
// cache starts empty, without a crash and without a wrong value.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"

namespace appcache::damaged_file_test {
namespace {

constexpr int kEntries = 200;
constexpr size_t kPageBytes = 4096;

std::string PathOf(int i) { return "some/path/" + std::to_string(i); }
std::string ValueOf(int i) {
  return "value " + std::to_string(i) + std::string(300, '.');
}

class DamagedFileTest : public testing::Test {
 protected:
  DamagedFileTest() {
    const std::unique_ptr<SqliteCache> cache = Open();
    for (int i = 0; cache && i < kEntries; ++i) {
      EXPECT_TRUE(cache->backend()->SetRaw(PathOf(i), ValueOf(i), kNoTtl).ok());
    }
  }

  std::unique_ptr<SqliteCache> Open() {
    SqliteCacheOptions options;
    options.cache = log_.options();
    SqliteCache::Opened cache = SqliteCache::OpenFile(file_, options);
    EXPECT_TRUE(cache.ok()) << cache.status().ToString();
    return cache.ok() ? *std::move(cache) : nullptr;
  }

  // Gets every entry: each is right, a miss, or kCorrupt. How many were hits.
  static int CountHits(SqliteCache& cache) {
    int hits = 0;
    for (int i = 0; i < kEntries; ++i) {
      const Lookup<Bytes> found = cache.backend()->GetRaw(PathOf(i));
      if (found.has_error()) {
        EXPECT_EQ(found.error().code, ErrorCode::kCorrupt)
            << found.error().message;
      }
      if (!found) continue;
      EXPECT_EQ(found->view(), ValueOf(i));
      ++hits;
    }
    return hits;
  }

  // Garbage for every page that holds `text`, but for the first.
  void OverwritePagesWith(const std::string& text) {
    const std::string bytes = Scratch::ReadAll(file_);
    int overwritten = 0;
    for (size_t at = kPageBytes; at < bytes.size(); at += kPageBytes) {
      if (bytes.substr(at, kPageBytes).find(text) == std::string::npos)
        continue;
      Scratch::Overwrite(file_, at, std::string(kPageBytes, '\x5a'));
      ++overwritten;
    }
    ASSERT_GT(overwritten, 0);
  }

  // The file was renamed, the log reported it, and there is a new cache that
  // works.
  void ExpectSetAside(const std::string& damaged_bytes) {
    const std::unique_ptr<SqliteCache> cache = Open();
    ASSERT_NE(cache, nullptr);
    EXPECT_EQ(CountHits(*cache), 0);
    EXPECT_EQ(cache->Stats().entries, 0u);
    EXPECT_TRUE(cache->backend()->SetRaw("new", "value", kNoTtl).ok());
    EXPECT_EQ(cache->backend()->GetRaw("new")->view(), "value");
    EXPECT_EQ(cache->Check()->problems, std::vector<std::string>());
    // (Not EXPECT_EQ, which would print them.)
    EXPECT_TRUE(Scratch::ReadAll(file_ + ".damaged") == damaged_bytes);
    const std::vector<std::string> lines = log_.lines();
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), "error: the cache " + file_ +
                                " was damaged: it was renamed to " + file_ +
                                ".damaged, and starts empty");
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  CapturedLog log_;
};

TEST_F(DamagedFileTest, GarbageForAHeaderIsSetAsideWhenOpened) {
  Scratch::Overwrite(file_, 0, std::string(100, '\x5a'));
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, GarbageForAllOfItIsSetAsideWhenOpened) {
  Scratch::WriteAll(file_, std::string(50'000, '\x5a'));
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, GarbageForTheSchemaIsSetAsideWhenOpened) {
  // Behind the header of 100 bytes, on page 1.
  Scratch::Overwrite(file_, 100, std::string(kPageBytes - 100, '\x5a'));
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, GarbageForValuesIsFoundByGetsAndThenSetAside) {
  OverwritePagesWith("value ");
  {
    const std::unique_ptr<SqliteCache> cache = Open();
    ASSERT_NE(cache, nullptr);
    EXPECT_LT(CountHits(*cache), kEntries);
    ASSERT_FALSE(log_.lines().empty());
    EXPECT_TRUE(log_.lines()[0].starts_with("error: cannot read " + file_))
        << log_.lines()[0];
  }
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, GarbageForValuesIsFoundByASetAndThenSetAside) {
  OverwritePagesWith("value ");
  {
    const std::unique_ptr<SqliteCache> cache = Open();
    ASSERT_NE(cache, nullptr);
    const Status status = cache->backend()->SetRaw(PathOf(0), "value", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << status.ToString();
  }
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, GarbageForValuesIsFoundByCheckAndThenSetAside) {
  OverwritePagesWith("value ");
  {
    const std::unique_ptr<SqliteCache> cache = Open();
    ASSERT_NE(cache, nullptr);
    const Result<CheckReport> report = cache->Check();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_FALSE(report->problems.empty());
    EXPECT_TRUE(cache->CheckAndFix().status().Is(ErrorCode::kCorrupt));
  }
  ExpectSetAside(Scratch::ReadAll(file_));
}

// What opening itself reads: the ends of both indexes.
TEST_F(DamagedFileTest, GarbageForAnIndexIsSetAsideWhenOpened) {
  for (const char* const index : {"usage_by_last_used", "entries_by_expiry"}) {
    SCOPED_TRACE(index);
    const int64_t page = PlainSqlite(file_).Int(
        std::string("SELECT rootpage FROM sqlite_schema WHERE name = '") +
        index + "'");
    Scratch::Overwrite(file_, static_cast<size_t>(page - 1) * kPageBytes,
                       std::string(kPageBytes, '\x5a'));
    ExpectSetAside(Scratch::ReadAll(file_));
  }
}

TEST_F(DamagedFileTest, ATruncatedOneGivesNoWrongValueAndIsUsableWhenReopened) {
  const std::string whole = Scratch::ReadAll(file_);
  for (const size_t size : {whole.size() / 2, 3 * kPageBytes, kPageBytes,
                            size_t{1000}, size_t{100}, size_t{10}}) {
    SCOPED_TRACE(size);
    Scratch::WriteAll(file_, std::string_view(whole).substr(0, size));
    for (int opens = 0; opens < 2; ++opens) {
      const std::unique_ptr<SqliteCache> cache = Open();
      ASSERT_NE(cache, nullptr);
      EXPECT_LT(CountHits(*cache), kEntries);
    }
    const std::unique_ptr<SqliteCache> cache = Open();
    ASSERT_NE(cache, nullptr);
    EXPECT_TRUE(cache->backend()->SetRaw("new", "value", kNoTtl).ok());
    EXPECT_EQ(cache->Check()->problems, std::vector<std::string>());
  }
}

TEST_F(DamagedFileTest, OneWithoutATableIsSetAsideWhenOpened) {
  for (const char* const table : {"entries", "usage", "meta"}) {
    SCOPED_TRACE(table);
    PlainSqlite plain(file_);
    plain.Run(std::string("DROP TABLE ") + table);
    plain.Close();
    ExpectSetAside(Scratch::ReadAll(file_));
  }
}

TEST_F(DamagedFileTest, OneWithoutItsRowOfMetaIsSetAsideWhenOpened) {
  PlainSqlite plain(file_);
  plain.Run("DELETE FROM meta");
  plain.Close();
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, OneWithCountsBelowZeroIsSetAsideWhenOpened) {
  PlainSqlite plain(file_);
  plain.Run("UPDATE meta SET entry_count = -1");
  plain.Close();
  ExpectSetAside(Scratch::ReadAll(file_));
}

TEST_F(DamagedFileTest, ASecondDamagedOneReplacesTheFirst) {
  Scratch::WriteAll(file_, "first");
  ExpectSetAside("first");
  Scratch::WriteAll(file_, "second");
  ExpectSetAside("second");
}

TEST_F(DamagedFileTest, ItsLogIsSetAsideWithIt) {
  const std::unique_ptr<SqliteCache> original = Open();
  ASSERT_NE(original, nullptr);
  ASSERT_TRUE(original->backend()->SetRaw("logged", "value", kNoTtl).ok());
  const std::string copy = scratch_.Path("copy.db");
  const std::string log = Scratch::ReadAll(file_ + "-wal");
  Scratch::WriteAll(copy, std::string(4096, '\x5a'));
  Scratch::WriteAll(copy + "-wal", log);
  Scratch::WriteAll(copy + "-lane", Scratch::ReadAll(file_ + "-lane"));
  const SqliteCache::Opened cache = SqliteCache::OpenFile(copy);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  EXPECT_FALSE((*cache)->backend()->GetRaw("logged"));
  EXPECT_TRUE(Scratch::ReadAll(copy + ".damaged-wal") == log);
}

TEST_F(DamagedFileTest, ASuspicionThatProvesWrongCostsNothing) {
  const std::string suspicion = file_ + "-suspect";
  Scratch::WriteAll(suspicion, "");
  const std::unique_ptr<SqliteCache> cache = Open();
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(CountHits(*cache), kEntries);
  EXPECT_FALSE(std::filesystem::exists(suspicion));
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(DamagedFileTest, ADamagedLogCostsItsSetsAtMost) {
  const std::unique_ptr<SqliteCache> original = Open();
  ASSERT_NE(original, nullptr);
  ASSERT_TRUE(original->backend()->SetRaw("logged", "value", kNoTtl).ok());
  const std::string log = Scratch::ReadAll(file_ + "-wal");
  ASSERT_GT(log.size(), kPageBytes);
  for (const size_t at : {size_t{0}, size_t{32}, log.size() / 2}) {
    SCOPED_TRACE(at);
    const std::string copy = scratch_.Path("copy" + std::to_string(at) + ".db");
    Scratch::WriteAll(copy, Scratch::ReadAll(file_));
    Scratch::WriteAll(copy + "-wal", log);
    Scratch::Overwrite(copy + "-wal", at, std::string(100, '\x5a'));
    SqliteCache::Opened cache = SqliteCache::OpenFile(copy);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    EXPECT_EQ(CountHits(**cache), kEntries);
    EXPECT_FALSE((*cache)->backend()->GetRaw("logged"));
    EXPECT_EQ((*cache)->Check()->problems, std::vector<std::string>());
  }
}

}  // namespace
}  // namespace appcache::damaged_file_test
