// A database in memory is answered from its directory: a hit does not use
// SQLite, and every write is seen by the next read.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/allocations.h"

namespace appcache::resident_test {
namespace {

using std::chrono::milliseconds;

class ResidentTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(uint64_t max_entries = 100) {
    SqliteCacheOptions options;
    options.clock = clock_;
    options.max_entries = max_entries;
    return Must(SqliteCache::OpenInMemory(options, "resident"));
  }

  // A get copies a value that it reads from SQLite into a new buffer. REQUIRES:
  // the last get was of this path.
  static bool IsResident(SqliteCache& cache, std::string_view path) {
    Backend& backend = *cache.backend();
    const AllocationCounter allocations;
    return backend.GetRaw(path).is_hit() && allocations.count() == 0;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

TEST_F(ResidentTest, TheSecondGetIsServedFromMemory) {
  const auto cache = Open();
  Set(*cache, "a");
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_TRUE(IsResident(*cache, "a"));
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(*cache->Stats().pending_bytes, 6u);
  ASSERT_TRUE(cache->Flush().ok());
  EXPECT_EQ(*cache->Stats().pending_bytes, 0u);
  EXPECT_EQ(*cache->Stats().resident_bytes, 6u);
}

// Each write after a get that made the value resident.
TEST_F(ResidentTest, EveryWriteIsSeenByTheNextGet) {
  const auto set_many = [](SqliteCache& cache) {
    const RawEntry entries[] = {{"other", "x", kNoTtl}, {"a", "new", kNoTtl}};
    return cache.backend()->SetManyRaw(entries);
  };
  const auto invalidate_many = [](SqliteCache& cache) {
    const std::string_view paths[] = {"other", "a"};
    return cache.backend()->InvalidateManyRaw(paths);
  };
  const auto restore = [](SqliteCache& cache) {
    StoredEntry entry;
    entry.info.path = "a";
    entry.info.last_used = TimePoint(std::chrono::seconds(1));
    entry.value = Bytes::Copy("new");
    return cache.RestoreMany({&entry, 1});
  };
  struct Write {
    std::string name;
    std::function<Status(SqliteCache&)> run;
    std::string expected;
  };
  const std::vector<Write> writes = {
      {"set",
       [](SqliteCache& cache) {
         return cache.backend()->SetRaw("a", "new", kNoTtl);
       },
       "new"},
      {"set many", set_many, "new"},
      {"set of a value that is too large",
       [](SqliteCache& cache) {
         const std::string large(SqliteCache::kMaxValueBytes + 1, 'v');
         return cache.backend()
                        ->SetRaw("a", large, kNoTtl)
                        .Is(ErrorCode::kTooLarge)
                    ? Status()
                    : Status(ErrorCode::kInternal, "was stored");
       },
       "<miss>"},
      {"invalidate",
       [](SqliteCache& cache) { return cache.backend()->InvalidateRaw("a"); },
       "<miss>"},
      {"invalidate many", invalidate_many, "<miss>"},
      {"invalidate by prefix",
       [](SqliteCache& cache) {
         return cache.backend()->InvalidatePrefixRaw("a");
       },
       "<miss>"},
      {"clear", [](SqliteCache& cache) { return cache.Clear(); }, "<miss>"},
      {"restore", restore, "new"},
      {"another cache of the name",
       [this](SqliteCache&) {
         return Open()->backend()->SetRaw("a", "new", kNoTtl);
       },
       "new"},
  };
  for (const Write& write : writes) {
    SCOPED_TRACE(write.name);
    const auto cache = Open();
    Set(*cache, "a");
    Get(*cache, "a");
    ASSERT_TRUE(IsResident(*cache, "a"));
    const Status status = write.run(*cache);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(Get(*cache, "a"), write.expected);
    EXPECT_EQ(ProblemsIn(*cache), Strings());
    ASSERT_TRUE(cache->Clear().ok());
  }
}

TEST_F(ResidentTest, AnEvictedEntryIsGone) {
  const auto cache = Open(2);
  Set(*cache, "a");
  Set(*cache, "b");
  Get(*cache, "b");
  Get(*cache, "a");
  Get(*cache, "a");  // resident: counts as an access all the same
  Set(*cache, "c");
  EXPECT_EQ(Get(*cache, "b"), "<miss>");
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(Get(*cache, "c"), "value");
}

TEST_F(ResidentTest, AnEntryExpiresToTheMillisecond) {
  const auto cache = Open();
  Set(*cache, "a", "value", Ttl(1000));
  Get(*cache, "a");
  clock_->Advance(milliseconds(999));
  EXPECT_TRUE(IsResident(*cache, "a"));
  const auto timed = cache->backend()->GetTimedRaw("a");
  ASSERT_TRUE(timed.is_hit());
  EXPECT_EQ(timed->remaining_ttl, Ttl(1));
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  const Result<bool> added = cache->backend()->AddRaw("a", "new", kNoTtl);
  ASSERT_TRUE(added.ok() && *added);
  EXPECT_EQ(Get(*cache, "a"), "new");
}

TEST_F(ResidentTest, HitsAreCounted) {
  const auto cache = Open();
  Set(*cache, "a");
  for (int i = 0; i < 5; ++i) Get(*cache, "a");
  EXPECT_EQ(cache->Stats().hits, 5u);
  EXPECT_EQ(cache->Stats().misses, 0u);
}

TEST_F(ResidentTest, ABytesOutlivesItsEntryAndItsCache) {
  auto cache = Open();
  Set(*cache, "a");
  Get(*cache, "a");
  const Lookup<Bytes> found = cache->backend()->GetRaw("a");
  ASSERT_TRUE(found.is_hit());
  Set(*cache, "a", "other");
  cache.reset();
  EXPECT_EQ(found->view(), "value");
}

TEST_F(ResidentTest, ResidentBytesIsALimitAndZeroTurnsItOff) {
  SqliteCacheOptions options;
  options.resident_bytes = 4096;
  const auto small = Must(SqliteCache::OpenInMemory(options, "small"));
  for (int i = 0; i < 500; ++i) {
    const std::string path = std::to_string(i);
    Set(*small, path, std::string(100, 'v'));
    Get(*small, path);
    ASSERT_TRUE(small->Flush().ok());
    ASSERT_LE(*small->Stats().resident_bytes, 4096u);
  }
  options.resident_bytes = 0;
  const auto none = Must(SqliteCache::OpenInMemory(options, "none"));
  Set(*none, "a");
  Get(*none, "a");
  ASSERT_TRUE(none->Flush().ok());
  EXPECT_FALSE(IsResident(*none, "a"));
  EXPECT_EQ(*none->Stats().resident_bytes, 0u);
}

// Another process may write to a file.
TEST_F(ResidentTest, AFileIsAlwaysRead) {
  const Scratch scratch;
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  Set(*cache, "a");
  Get(*cache, "a");
  EXPECT_FALSE(IsResident(*cache, "a"));
  EXPECT_FALSE(cache->Stats().resident_bytes.has_value());
}

}  // namespace
}  // namespace appcache::resident_test
