// Entries whose values are not in memory: every operation on them reads SQLite
// and does as it would otherwise.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/support/allocations.h"

namespace appcache::away_values_test {
namespace {

using std::chrono::milliseconds;

constexpr char kName[] = "away";

// With this many bytes for values in memory.
class AwayValuesTest : public testing::TestWithParam<uint64_t> {
 protected:
  AwayValuesTest() {
    options_.clock = clock_;
    options_.resident_bytes = GetParam();
  }

  void Open() { cache_ = Must(SqliteCache::OpenInMemory(options_, kName)); }
  Backend& backend() { return *cache_->backend(); }

  // Values of this size are away after a flush.
  std::string Large(char letter) const {
    return std::string(GetParam() / 8 + 1, letter);
  }

  void SetAway(std::string_view path, char letter = 'v', Ttl ttl = kNoTtl) {
    Set(*cache_, path, Large(letter), ttl);
    ASSERT_TRUE(cache_->Flush().ok());
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_P(AwayValuesTest, AreReadByEveryKindOfGet) {
  Open();
  SetAway("a", 'v', Ttl(1000));
  clock_->Advance(milliseconds(400));
  EXPECT_EQ(Get(*cache_, "a"), Large('v'));
  const Lookup<TimedBytes> timed = backend().GetTimedRaw("a");
  ASSERT_TRUE(timed);
  EXPECT_EQ(timed->value.view(), Large('v'));
  EXPECT_EQ(timed->remaining_ttl, Ttl(600));
  EXPECT_EQ(backend().TtlRaw("a").value_or(kNoTtl), Ttl(600));
  const std::string_view paths[] = {"a", "none"};
  const std::vector<Lookup<Bytes>> many = backend().GetManyRaw(paths);
  ASSERT_EQ(many.size(), 2u);
  EXPECT_TRUE(many[0] && many[0]->view() == Large('v'));
  EXPECT_FALSE(many[1]);
  std::string seen;
  EXPECT_TRUE(
      backend().ViewRaw("a", [&](std::string_view bytes) { seen = bytes; }));
  EXPECT_EQ(seen, Large('v'));
  ASSERT_TRUE(cache_->SetByStr("typed", Large('t')).ok());
  ASSERT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(cache_->GetByStr<std::string>("typed").value_or(""), Large('t'));
  EXPECT_EQ(*cache_->Stats().resident_bytes, 0u);
}

TEST_P(AwayValuesTest, Expire) {
  Open();
  SetAway("a", 'v', Ttl(1000));
  clock_->Advance(milliseconds(999));
  EXPECT_EQ(Get(*cache_, "a"), Large('v'));
  const Result<bool> early = backend().AddRaw("a", "new", kNoTtl);
  EXPECT_TRUE(early.ok() && !*early);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  EXPECT_FALSE(backend().TtlRaw("a"));
  EXPECT_FALSE(backend().GetTimedRaw("a"));
  const Result<bool> added = backend().AddRaw("a", "new", kNoTtl);
  EXPECT_TRUE(added.ok() && *added);
  EXPECT_EQ(Get(*cache_, "a"), "new");
}

TEST_P(AwayValuesTest, AreReplacedAndRemoved) {
  Open();
  for (const char* const path : {"p/a", "p/b", "q/a", "q/b"}) SetAway(path);
  Set(*cache_, "p/a", "new");
  EXPECT_EQ(Get(*cache_, "p/a"), "new");
  EXPECT_TRUE(backend().InvalidateRaw("q/a").ok());
  EXPECT_EQ(Get(*cache_, "q/a"), "<miss>");
  EXPECT_FALSE(backend().TtlRaw("q/a"));
  EXPECT_EQ(*cache_->Stats().entries, 3u);
  EXPECT_EQ(*cache_->Stats().bytes, 6 + 6 + 2 * Large('v').size());
  EXPECT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"q/b"}));
  EXPECT_EQ(Get(*cache_, "p/b"), "<miss>");
  EXPECT_EQ(Get(*cache_, "q/b"), Large('v'));
  const RawEntry entries[] = {{"q/b", "1", kNoTtl}, {"q/c", "2", kNoTtl}};
  EXPECT_TRUE(backend().SetManyRaw(entries).ok());
  EXPECT_EQ(Get(*cache_, "q/b"), "1");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(ConnectTo(kName).Rows("SELECT key, value FROM entries ORDER BY 1"),
            (Strings{"q/b|1", "q/c|2"}));
}

TEST_P(AwayValuesTest, AnAddDoesNotReplaceOne) {
  Open();
  SetAway("a");
  const Result<bool> added = backend().AddRaw("a", "new", kNoTtl);
  EXPECT_TRUE(added.ok() && !*added);
  EXPECT_EQ(Get(*cache_, "a"), Large('v'));
}

TEST_P(AwayValuesTest, AGetIsAnAccessAndATtlIsNot) {
  options_.max_entries = 3;
  Open();
  for (const char* const path : {"a", "b", "c"}) SetAway(path);
  Get(*cache_, "b");
  EXPECT_TRUE(backend().TtlRaw("a"));
  Set(*cache_, "d");
  Set(*cache_, "e");
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  EXPECT_EQ(Get(*cache_, "c"), "<miss>");
  EXPECT_EQ(Get(*cache_, "b"), Large('v'));
  EXPECT_EQ(cache_->Stats().hits, 2u);
  EXPECT_EQ(cache_->Stats().misses, 2u);
}

// The row is that of another key with the same hash, as SQLite has it.
TEST_P(AwayValuesTest, AnotherKeyWithTheHashIsAMiss) {
  Open();
  SetAway("a");
  ConnectToWrite(kName).Run("UPDATE entries SET key = CAST('b' AS BLOB)");
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  EXPECT_FALSE(backend().TtlRaw("a"));
  EXPECT_FALSE(backend().GetTimedRaw("a"));
  EXPECT_TRUE(backend().InvalidateRaw("a").ok());  // not that one
  EXPECT_EQ(*cache_->Stats().entries, 1u);
  const Result<bool> added = backend().AddRaw("a", "new", kNoTtl);
  EXPECT_TRUE(added.ok() && *added);
  EXPECT_EQ(Get(*cache_, "a"), "new");
  EXPECT_EQ(*cache_->Stats().entries, 1u);
  EXPECT_EQ(*cache_->Stats().bytes, 4u);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_P(AwayValuesTest, AllAreAwayAfterOpeningADatabaseThatExists) {
  Open();
  Set(*cache_, "a", "1");
  Set(*cache_, "b", Large('v'), Ttl(5000));
  const PlainSqlite keeper = ConnectTo(kName);
  cache_.reset();
  Open();
  EXPECT_EQ(*cache_->Stats().entries, 2u);
  EXPECT_EQ(*cache_->Stats().resident_bytes, 0u);
  EXPECT_EQ(backend().TtlRaw("b").value_or(kNoTtl), Ttl(5000));
  EXPECT_EQ(Get(*cache_, "a"), "1");
  EXPECT_EQ(Get(*cache_, "b"), Large('v'));
  EXPECT_EQ(Get(*cache_, "c"), "<miss>");
}

TEST_P(AwayValuesTest, ABytesOutlivesItsEntryAndItsCache) {
  Open();
  SetAway("a");
  const Lookup<Bytes> found = backend().GetRaw("a");
  ASSERT_TRUE(found);
  Set(*cache_, "a", "new");
  cache_.reset();
  EXPECT_EQ(found->view(), Large('v'));
}

INSTANTIATE_TEST_SUITE_P(ResidentBytes, AwayValuesTest,
                         testing::Values(uint64_t{0}, uint64_t{100},
                                         uint64_t{20'000}));

// --- Which values become resident.

TEST(ResidencyTest, AValueAboveAnEighthOfResidentBytesDoesNotBecomeResident) {
  constexpr uint64_t kBytes = 80'000;
  SqliteCacheOptions options;
  options.clock = std::make_shared<FakeClock>();
  options.resident_bytes = kBytes;
  const auto cache = Must(SqliteCache::OpenInMemory(options, kName));
  const auto gets_allocate = [&](std::string_view path) {
    bool all = true;
    for (int gets = 0; gets < 3; ++gets) {
      const AllocationCounter allocations;
      EXPECT_TRUE(cache->backend()->GetRaw(path));
      all = all && allocations.count() > 0;
    }
    return all;
  };
  // With its key.
  Set(*cache, "a", std::string(kBytes / 8 - 1, 'v'));
  Set(*cache, "b", std::string(kBytes / 8, 'v'));
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_FALSE(gets_allocate("a"));
  EXPECT_TRUE(gets_allocate("b"));
  EXPECT_EQ(*cache->Stats().resident_bytes, kBytes / 8);
  // Nor after the database was opened again, when all are away.
  EXPECT_TRUE(cache->backend()->SetRaw("b", "small", kNoTtl).ok());
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_FALSE(gets_allocate("b"));
}

TEST(ResidencyTest, TheLeastRecentlyUsedValuesAreAway) {
  SqliteCacheOptions options;
  options.clock = std::make_shared<FakeClock>();
  options.resident_bytes = 10 * 101;
  const auto cache = Must(SqliteCache::OpenInMemory(options, kName));
  const auto path = [](int i) { return std::string(1, 'a' + i); };
  for (int i = 0; i < 20; ++i) Set(*cache, path(i), std::string(100, 'v'));
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_LE(*cache->Stats().resident_bytes, options.resident_bytes);
  // Those that are away become resident, and others leave.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(Get(*cache, path(i)), std::string(100, 'v'));
      ASSERT_LE(*cache->Stats().resident_bytes, options.resident_bytes);
    }
  }
  for (int i = 19; i > 10; --i) {
    const std::string recent = path(i);
    const AllocationCounter allocations;
    const Lookup<Bytes> found = cache->backend()->GetRaw(recent);
    EXPECT_EQ(allocations.count(), 0u) << i;
    EXPECT_TRUE(found);
  }
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

}  // namespace
}  // namespace appcache::away_values_test
