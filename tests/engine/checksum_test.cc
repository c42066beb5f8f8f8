// Entries whose bytes have changed in the file: never returned, found by a
// check, and removed by a fix and by the next open, which keep all others.

#include "engine/store/checksum.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"

namespace appcache::checksum_test {
namespace {

// Part of the file format: it may not change.
TEST(ChecksumFormatTest, IsThatOfTheFilesThatExist) {
  EXPECT_EQ(store::Checksum(0, "", ""), 0);
  EXPECT_EQ(store::Checksum(1, "key", "value"), -8366987592318782206);
  EXPECT_EQ(store::Checksum(-1, "key", std::string(1000, 'v')),
            -8867967506379882057);
}

constexpr Ttl kOneHour(3'600'000);

class ChecksumTest : public testing::Test {
 protected:
  ChecksumTest() {
    const auto cache = Open();
    for (const char* const path : {"key-a", "key-b", "key-c"}) {
      Set(*cache, path, std::string("the value of ") + path, kOneHour);
    }
  }

  SqliteCacheOptions Options() {
    SqliteCacheOptions options;
    options.cache = log_.options();
    options.clock = clock_;
    return options;
  }
  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenFile(file_, Options()));
  }
  std::unique_ptr<SqliteCache> WarmStart() {
    return Must(SqliteCache::OpenInMemoryFrom(file_, Options(), "checksums"));
  }

  // The cache must be closed.
  void Run(const std::string& sql) {
    PlainSqlite plain(file_);
    plain.Run(sql);
    plain.Close();
  }
  std::string HashOf(const std::string& path) {
    return PlainSqlite(file_).Text("SELECT h FROM entries WHERE key = CAST('" +
                                   path + "' AS BLOB)");
  }
  // Sets `column` of the entry key-a.
  void Change(const std::string& column, const std::string& value) {
    Run("UPDATE entries SET " + column + " = " + value +
        " WHERE key = CAST('key-a' AS BLOB)");
  }
  void DamageValue() { Change("value", "CAST('the value of key-x' AS BLOB)"); }

  // Flips a bit of `text`, where the file has it, at `offset` in it.
  void FlipInFile(const std::string& text, size_t offset) {
    std::string bytes = Scratch::ReadAll(file_);
    const size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos);
    ASSERT_EQ(bytes.find(text, at + 1), std::string::npos);
    bytes[at + offset] ^= 1;
    Scratch::WriteAll(file_, bytes);
  }

  static void ExpectCorrupt(const Status& status) {
    EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << status.ToString();
    EXPECT_NE(status.ToString().find("its checksum is wrong"),
              std::string::npos)
        << status.ToString();
  }
  static void ExpectNotRead(SqliteCache& cache, std::string_view path) {
    const Lookup<Bytes> found = cache.backend()->GetRaw(path);
    EXPECT_FALSE(found.is_hit());
    ExpectCorrupt(found.status());
  }

  static void ExpectOthers(SqliteCache& cache) {
    EXPECT_EQ(Get(cache, "key-b"), "the value of key-b");
    EXPECT_EQ(Get(cache, "key-c"), "the value of key-c");
  }

  // Of the entries that a dump has, which leaves damaged ones out.
  static StringSet DumpedPaths(SqliteCache& cache, bool has_damage) {
    StringSet paths;
    const Status walked = cache.ForEachEntry([&](const StoredEntry& entry) {
      paths.insert(entry.info.path);
      return true;
    });
    EXPECT_EQ(walked.Is(ErrorCode::kCorrupt), has_damage) << walked.ToString();
    return paths;
  }

  // Adds the paths that a walk with values visits.
  static Status WalkFrom(SqliteCache& cache, std::string_view prefix,
                         Strings& paths) {
    return cache.backend()->WalkRaw({prefix, /*with_values=*/true},
                                    [&](const WalkedEntry& entry) {
                                      paths.emplace_back(entry.path);
                                      return true;
                                    });
  }

  // Check finds the entry with this hash, and CheckAndFix removes it only.
  void ExpectFixed(SqliteCache& cache, const std::string& hash,
                   const std::string& what = "has a wrong checksum") {
    const std::string problem = "entry " + hash + " " + what;
    for (int checks = 0; checks < 2; ++checks) {
      const Strings problems = ProblemsIn(cache);
      ASSERT_EQ(problems.size(), 2u);  // the second is of the counts
      EXPECT_EQ(problems[0], problem);
    }
    const Result<CheckReport> fixed = cache.CheckAndFix();
    ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
    ASSERT_EQ(fixed->problems.size(), 2u);
    EXPECT_EQ(fixed->problems[0], problem);
    ExpectRemoved(cache);
    EXPECT_FALSE(IsSuspect());
  }

  void ExpectRemoved(SqliteCache& cache) {
    EXPECT_EQ(ProblemsIn(cache), Strings());
    EXPECT_EQ(PathsIn(cache), (StringSet{"key-b", "key-c"}));
    EXPECT_EQ(Get(cache, "key-a"), "<miss>");
    ExpectOthers(cache);
  }
  // Of the log; empty if there is none.
  std::string LastLine() const {
    const Strings lines = log_.lines();
    return lines.empty() ? std::string() : lines.back();
  }

  bool IsSuspect() const { return std::filesystem::exists(file_ + "-suspect"); }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
};

TEST_F(ChecksumTest, ASoundFileHasNoProblems) {
  const auto cache = Open();
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_EQ(Get(*cache, "key-a"), "the value of key-a");
  ExpectOthers(*cache);
}

TEST_F(ChecksumTest, AFlippedByteOfAValueIsFoundAtEverySize) {
  // In one page, and on pages of its own.
  for (const size_t size : {size_t{20}, size_t{300}, size_t{5'000},
                            size_t{20'000}, size_t{200'000}}) {
    SCOPED_TRACE(size);
    const std::string mark = "<middle " + std::to_string(size) + ">";
    std::string value(size, 'v');
    value.replace(size / 2 - 5, mark.size(), mark);
    Set(*Open(), "key-a", value);
    const std::string hash = HashOf("key-a");
    FlipInFile(mark, 3);
    const auto cache = Open();
    ExpectNotRead(*cache, "key-a");
    ExpectOthers(*cache);
    ExpectFixed(*cache, hash);
  }
}

TEST_F(ChecksumTest, AFlippedByteOfAKeyIsNoEntryOfAnotherKey) {
  const std::string hash = HashOf("key-a");
  // The key stands before its value: this is the last byte of the key.
  FlipInFile("key-athe value of key-a", 4);
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "key-a"), "<miss>");
  EXPECT_EQ(Get(*cache, "key-`"), "<miss>");
  EXPECT_EQ(DumpedPaths(*cache, true), (StringSet{"key-b", "key-c"}));
  ExpectFixed(*cache, hash, "is not under the hash of its key");
}

TEST_F(ChecksumTest, AWrongChecksumOfASoundEntryIsFoundToo) {
  for (const char* const checksum : {"checksum + 1", "0", "x'00'"}) {
    SCOPED_TRACE(checksum);
    Set(*Open(), "key-a", "another");
    const std::string hash = HashOf("key-a");
    Change("checksum", checksum);
    const auto cache = Open();
    ExpectNotRead(*cache, "key-a");
    const Result<CheckReport> fixed = cache->CheckAndFix();
    ASSERT_TRUE(fixed.ok()) << fixed.status().ToString();
    ASSERT_EQ(fixed->problems.size(), 2u);
    ExpectRemoved(*cache);
  }
}

// An older build has written them.
TEST_F(ChecksumTest, AnEntryWithoutAChecksumIsReadAndIsNoProblem) {
  Change("checksum", "NULL");
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "key-a"), "the value of key-a");
  EXPECT_FALSE(*cache->backend()->AddRaw("key-a", "another", kNoTtl));
  EXPECT_EQ(DumpedPaths(*cache, false), (StringSet{"key-a", "key-b", "key-c"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  ASSERT_TRUE(cache->CheckAndFix().ok());
  ExpectOthers(*cache);
  EXPECT_EQ(Get(*cache, "key-a"), "the value of key-a");
}

TEST_F(ChecksumTest, ASetGivesAnEntryAChecksum) {
  Change("checksum", "NULL");
  Set(*Open(), "key-a", "another");
  EXPECT_EQ(PlainSqlite(file_).Int(
                "SELECT count(*) FROM entries WHERE checksum IS NULL"),
            0);
  DamageValue();
  ExpectNotRead(*Open(), "key-a");
}

TEST_F(ChecksumTest, TheValueOfAnotherEntryIsFound) {
  const std::string hash = HashOf("key-a");
  Run("UPDATE entries SET (expires_at, checksum, value) ="
      " (SELECT expires_at, checksum, value FROM entries"
      "  WHERE key = CAST('key-b' AS BLOB))"
      " WHERE key = CAST('key-a' AS BLOB)");
  const auto cache = Open();
  ExpectNotRead(*cache, "key-a");
  ExpectFixed(*cache, hash);
}

TEST_F(ChecksumTest, NoKindOfReadReturnsADamagedValue) {
  DamageValue();
  const auto cache = Open();
  const std::shared_ptr<Backend> backend = cache->backend();
  bool is_visited = false;
  const Lookup<size_t> viewed =
      backend->ViewRaw("key-a", [&](std::string_view) { is_visited = true; });
  ExpectCorrupt(viewed.status());
  EXPECT_FALSE(is_visited);
  ExpectCorrupt(backend->GetTimedRaw("key-a").status());
}

TEST_F(ChecksumTest, ASetReplacesADamagedEntry) {
  DamageValue();
  const auto cache = Open();
  ExpectNotRead(*cache, "key-a");
  Set(*cache, "key-a", "another");
  EXPECT_EQ(Get(*cache, "key-a"), "another");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(ChecksumTest, AnAddReplacesADamagedEntry) {
  DamageValue();
  const auto cache = Open();
  EXPECT_TRUE(*cache->backend()->AddRaw("key-a", "another", kNoTtl));
  EXPECT_FALSE(*cache->backend()->AddRaw("key-b", "another", kNoTtl));
  EXPECT_EQ(Get(*cache, "key-a"), "another");
  ExpectOthers(*cache);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(ChecksumTest, AnInvalidateRemovesADamagedEntry) {
  DamageValue();
  const auto cache = Open();
  EXPECT_TRUE(cache->backend()->InvalidateRaw("key-a").ok());
  EXPECT_EQ(Get(*cache, "key-a"), "<miss>");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(ChecksumTest, ADamagedEntryThatWasReadIsRemovedByTheNextOpen) {
  DamageValue();
  ExpectNotRead(*Open(), "key-a");
  EXPECT_TRUE(IsSuspect());
  const auto cache = Open();
  EXPECT_FALSE(IsSuspect());
  EXPECT_EQ(LastLine(), "warning: entries of the cache " + file_ +
                            " were damaged: 1 were removed");
  EXPECT_FALSE(std::filesystem::exists(file_ + ".damaged"));
  ExpectRemoved(*cache);
  EXPECT_EQ(cache->Stats().entries, 2u);
}

TEST_F(ChecksumTest, AFixAfterAReadLeavesNothingToTheNextOpen) {
  DamageValue();
  {
    const auto cache = Open();
    ExpectNotRead(*cache, "key-a");
    ASSERT_TRUE(cache->CheckAndFix().ok());
    ExpectRemoved(*cache);
  }
  const size_t lines = log_.lines().size();
  ExpectRemoved(*Open());
  EXPECT_EQ(log_.lines().size(), lines);
}

TEST_F(ChecksumTest, AnOpenThatRebuildsIndexesRemovesDamagedEntriesToo) {
  DamageValue();
  Run("DROP INDEX usage_by_last_used");
  const auto cache = Open();
  ExpectRemoved(*cache);
  EXPECT_EQ(LastLine(), "warning: the indexes of the cache " + file_ +
                            " were damaged: they were rebuilt");
}

// More in a row than a step reads.
TEST_F(ChecksumTest, AWalkLeavesDamagedEntriesOut) {
  {
    const auto cache = Open();
    for (int i = 0; i < 1000; ++i) Set(*cache, std::to_string(i));
  }
  Run("UPDATE entries SET value = CAST('x' AS BLOB)"
      " WHERE h < (SELECT max(h) FROM entries)");
  const auto cache = Open();
  const std::string message =
      "left out 1002 entries of " + file_ +
      " whose checksums are wrong; CheckAndFix removes them";
  const auto reader = Must(SqliteCache::OpenFileToRead(file_, Options()));
  for (SqliteCache* const opened : {cache.get(), reader.get()}) {
    Strings paths;
    const Status walked = WalkFrom(*opened, "", paths);
    EXPECT_TRUE(walked.Is(ErrorCode::kCorrupt));
    EXPECT_EQ(walked.error().native_code, EBADMSG);
    EXPECT_EQ(walked.message(), message);
    EXPECT_EQ(paths.size(), 1u);
  }
  EXPECT_EQ(LastLine(), "error: " + message);
}

TEST_F(ChecksumTest, AWalkOfAPrefixDoesNotVerifyOtherEntries) {
  DamageValue();
  const auto cache = Open();
  const auto reader = Must(SqliteCache::OpenFileToRead(file_, Options()));
  for (SqliteCache* const opened : {cache.get(), reader.get()}) {
    Strings paths;
    EXPECT_TRUE(WalkFrom(*opened, "key-b", paths).ok());
    EXPECT_EQ(paths, Strings{"key-b"});
    EXPECT_TRUE(WalkFrom(*opened, "key-a", paths).Is(ErrorCode::kCorrupt));
  }
}

TEST_F(ChecksumTest, ASnapshotLeavesThemOutAndIsSound) {
  DamageValue();
  const std::string copy = scratch_.Path("copy.db");
  ASSERT_TRUE(Open()->Snapshot(copy).ok());
  EXPECT_NE(LastLine().find("left out 1 entries of " + file_),
            std::string::npos);
  const auto cache = Must(SqliteCache::OpenFile(copy, Options()));
  ExpectRemoved(*cache);
}

TEST_F(ChecksumTest, AWarmStartLeavesThemOut) {
  DamageValue();
  const auto cache = WarmStart();
  EXPECT_NE(LastLine().find("left out 1 entries of " + file_),
            std::string::npos);
  ExpectRemoved(*cache);
}

TEST_F(ChecksumTest, AWarmStartByAccessLeavesThemOut) {
  DamageValue();
  SqliteCacheOptions options = Options();
  options.max_database_bytes = 1 << 20;
  const auto cache =
      Must(SqliteCache::OpenInMemoryFrom(file_, options, "checksums"));
  ExpectRemoved(*cache);
}

TEST_F(ChecksumTest, WhatIsLoadedFromADumpIsSound) {
  std::vector<StoredEntry> entries;
  const auto cache = Open();
  ASSERT_TRUE(cache
                  ->ForEachEntry([&](const StoredEntry& entry) {
                    entries.push_back(entry);
                    return true;
                  })
                  .ok());
  const auto copy =
      Must(SqliteCache::OpenFile(scratch_.Path("copy.db"), Options()));
  ASSERT_TRUE(copy->RestoreMany(entries).ok());
  EXPECT_EQ(ProblemsIn(*copy), Strings());
  EXPECT_EQ(Get(*copy, "key-a"), "the value of key-a");
  ExpectOthers(*copy);
}

// The expiry times are moved back, which the checksums do not cover.
TEST_F(ChecksumTest, AClockThatWasSetBackNeitherHarmsNorHidesDamage) {
  const std::string hash = HashOf("key-a");
  DamageValue();
  clock_->Advance(-std::chrono::hours(24));
  const auto cache = Open();
  EXPECT_LE(*cache->backend()->TtlRaw("key-b"), kOneHour);
  ExpectNotRead(*cache, "key-a");
  ExpectFixed(*cache, hash);
}

TEST_F(ChecksumTest, ABorrowedDatabaseHasChecksumsToo) {
  PlainSqlite plain(scratch_.Path("borrowed.db"));
  {
    const auto cache = Must(SqliteCache::OpenOn(plain.get(), Options()));
    for (const char* const path : {"key-a", "key-b", "key-c"}) {
      Set(*cache, path, std::string("the value of ") + path);
    }
    const std::string hash =
        plain.Text("SELECT h FROM entries WHERE key = CAST('key-a' AS BLOB)");
    plain.Run("UPDATE entries SET value = CAST('x' AS BLOB) WHERE h = " + hash +
              "; UPDATE usage SET bytes = 6 WHERE h = " + hash);
    ExpectNotRead(*cache, "key-a");
    ExpectFixed(*cache, hash);
  }
  plain.Close();
}

}  // namespace
}  // namespace appcache::checksum_test
