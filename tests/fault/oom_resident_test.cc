// Memory runs out in an operation on a database in memory: what it promises
// beyond the loops of oom_test.cc. Removals need no memory; what fails leaves
// every other entry as it is, before and after the next flush.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/fault/failing_memory.h"
#include "tests/fault/failure_points.h"
#include "tests/support/random.h"

namespace appcache::oom_resident_test {
namespace {

// Path to value and ttl: see Timed.
using Contents = std::map<std::string, std::string>;

constexpr char kName[] = "out of memory";
constexpr int kEntries = 12;

std::string PathOf(int i) { return "key" + std::to_string(i); }

// Where values are when an operation begins.
enum class Values { kPending, kResident, kAway };

class OomResidentTest : public testing::TestWithParam<Values> {
 protected:
  // A new cache with entries, a reader of this thread, and nothing that the
  // maintenance thread will do by itself.
  void Open() {
    cache_.reset();
    SqliteCacheOptions options;
    options.clock = clock_;
    options.max_entries = max_entries_;
    options.hash_seed = 7;
    options.cache.log = [](LogLevel, std::string_view) {};
    options.write_behind_bytes = 64 << 10;
    if (GetParam() == Values::kAway) options.resident_bytes = 0;
    cache_ = Must(SqliteCache::OpenInMemory(options, kName));
    before_.clear();
    for (int i = 0; i < kEntries; ++i) {
      const std::string value(static_cast<size_t>(i) * 100, 'v');
      Set(*cache_, PathOf(i), value);
      before_[PathOf(i)] = value;
    }
    if (GetParam() != Values::kPending) {
      ASSERT_TRUE(cache_->Flush().ok());
    }
    // The last one is the most recently used.
    EXPECT_EQ(Get(*cache_, PathOf(kEntries - 1)),
              before_[PathOf(kEntries - 1)]);
  }

  // What Contents has for a value with this ttl.
  static std::string Timed(std::string_view value, Ttl ttl) {
    return std::string(value) +
           (ttl == kNoTtl ? "" : " for " + std::to_string(ttl.count()));
  }

  // By gets, which need no flush.
  Contents Read() {
    Contents contents;
    for (int i = 0; i < kEntries; ++i) Add(contents, PathOf(i));
    for (const char* const path : {"new", "new1", "new2", "large"}) {
      Add(contents, path);
    }
    return contents;
  }
  void Add(Contents& contents, const std::string& path) {
    const auto found = cache_->backend()->GetTimedRaw(path);
    EXPECT_FALSE(found.has_error()) << path << found.status().ToString();
    if (found)
      contents[path] = Timed(found->value.view(), found->remaining_ttl);
  }

  // `run` with its n-th allocation failing, once and for ever after, for every
  // n; of an operation with many allocations, for some. It fails with kFull and
  // has changed nothing, or succeeds and has made the contents those of
  // `change`; and works when it is called again.
  void FailEverywhere(const std::function<Status(SqliteCache&)>& run,
                      const std::function<void(Contents&)>& change) {
    Open();
    uint64_t allocations = 0;
    {
      const FailingMemory failing({.first = FailingMemory::kForEver});
      const Status status = run(*cache_);
      allocations = failing.allocations();
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    for (const uint64_t failures : {uint64_t{1}, FailingMemory::kForEver}) {
      for (const uint64_t first :
           FailurePoints(allocations, allocations < 100 ? 1 : 6, random_)) {
        SCOPED_TRACE("allocation " + std::to_string(first) +
                     (failures == 1 ? "" : " and all after it"));
        Open();
        Contents after = before_;
        change(after);
        Status status;
        uint64_t failed = 0;
        {
          const FailingMemory failing({first, failures});
          status = run(*cache_);
          failed = failing.failed();
        }
        if (!status.ok()) {
          EXPECT_GT(failed, 0u);
          EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
        }
        const Contents& expected = status.ok() ? after : before_;
        EXPECT_EQ(Read(), expected);
        const Status flushed = cache_->Flush();
        EXPECT_TRUE(flushed.ok()) << flushed.ToString();
        EXPECT_EQ(Read(), expected);
        EXPECT_EQ(*cache_->Stats().pending_bytes, 0u);
        EXPECT_EQ(*cache_->Stats().entries, expected.size());
        EXPECT_EQ(ProblemsIn(*cache_), Strings());
        const Status again = run(*cache_);
        EXPECT_TRUE(again.ok()) << again.ToString();
        EXPECT_EQ(Read(), after);
        EXPECT_EQ(ProblemsIn(*cache_), Strings());
        if (HasFailure()) return;
      }
    }
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  uint64_t max_entries_ = 100;
  RandomSource random_;
  std::unique_ptr<SqliteCache> cache_;
  Contents before_;
  const std::string value_ = std::string(3000, 'n');
  // Is written through.
  const std::string large_ = std::string(20'000, 'l');
};

TEST_P(OomResidentTest, SetNew) {
  FailEverywhere(
      [&](SqliteCache& cache) {
        return cache.backend()->SetRaw("new", value_, Ttl(5));
      },
      [&](Contents& contents) { contents["new"] = Timed(value_, Ttl(5)); });
}

TEST_P(OomResidentTest, SetOver) {
  FailEverywhere(
      [&](SqliteCache& cache) {
        return cache.backend()->SetRaw("key3", value_, Ttl(5));
      },
      [&](Contents& contents) { contents["key3"] = Timed(value_, Ttl(5)); });
}

TEST_P(OomResidentTest, SetLarge) {
  FailEverywhere(
      [&](SqliteCache& cache) {
        return cache.backend()->SetRaw("large", large_, kNoTtl);
      },
      [&](Contents& contents) { contents["large"] = large_; });
}

// Nothing fails once SQLite has the row, so the old value is not lost, even
// where it is in SQLite only.
TEST_P(OomResidentTest, SetLargeOverAnEntry) {
  FailEverywhere(
      [&](SqliteCache& cache) {
        return cache.backend()->SetRaw("key3", large_, Ttl(1'000'000));
      },
      [&](Contents& contents) {
        contents["key3"] = Timed(large_, Ttl(1'000'000));
      });
}

TEST_P(OomResidentTest, SetMany) {
  const std::vector<RawEntry> entries = {{"new1", value_, kNoTtl},
                                         {"new2", value_, Ttl(5)},
                                         {"new1", "", kNoTtl},
                                         {"key3", value_, kNoTtl}};
  FailEverywhere(
      [&](SqliteCache& cache) { return cache.backend()->SetManyRaw(entries); },
      [&](Contents& contents) {
        contents["new1"] = "";
        contents["new2"] = Timed(value_, Ttl(5));
        contents["key3"] = value_;
      });
}

TEST_P(OomResidentTest, Add) {
  FailEverywhere(
      [&](SqliteCache& cache) {
        return cache.backend()->AddRaw("new", value_, Ttl(5)).status();
      },
      [&](Contents& contents) { contents["new"] = Timed(value_, Ttl(5)); });
}

TEST_P(OomResidentTest, SetTtl) {
  FailEverywhere(
      [](SqliteCache& cache) {
        const auto found = cache.backend()->SetTtlRaw("key3", Ttl(5));
        EXPECT_TRUE(!found.ok() || *found);
        return found.status();
      },
      [](Contents& contents) {
        contents["key3"] = Timed(contents["key3"], Ttl(5));
      });
}

TEST_P(OomResidentTest, Get) {
  FailEverywhere(
      [](SqliteCache& cache) {
        return cache.backend()->GetRaw("key3").status();
      },
      [](Contents&) {});
}

TEST_P(OomResidentTest, Invalidate) {
  FailEverywhere(
      [](SqliteCache& cache) { return cache.backend()->InvalidateRaw("key3"); },
      [](Contents& contents) { contents.erase("key3"); });
}

TEST_P(OomResidentTest, InvalidatePrefix) {
  FailEverywhere(
      [](SqliteCache& cache) {
        return cache.backend()->InvalidatePrefixRaw("key1");
      },
      [](Contents& contents) {
        for (const char* const path : {"key1", "key10", "key11"}) {
          contents.erase(path);
        }
      });
}

TEST_P(OomResidentTest, Clear) {
  FailEverywhere([](SqliteCache& cache) { return cache.Clear(); },
                 [](Contents& contents) { contents.clear(); });
}

TEST_P(OomResidentTest, RestoreMany) {
  std::vector<StoredEntry> entries(2);
  entries[0].info.path = "new1";
  entries[1].info.path = "key3";
  entries[1].value = Bytes::Copy(value_);
  FailEverywhere([&](SqliteCache& cache) { return cache.RestoreMany(entries); },
                 [&](Contents& contents) {
                   contents["new1"] = "";
                   contents["key3"] = value_;
                 });
}

TEST_P(OomResidentTest, Flush) {
  FailEverywhere([](SqliteCache& cache) { return cache.Flush(); },
                 [](Contents&) {});
}

TEST_P(OomResidentTest, CheckAndFix) {
  FailEverywhere(
      [](SqliteCache& cache) { return cache.CheckAndFix().status(); },
      [](Contents&) {});
}

// --- With no memory at all.

TEST_P(OomResidentTest, ARemovalOfAResidentEntryAllocatesNothing) {
  if (GetParam() == Values::kAway) return;
  Open();
  {
    const std::string_view paths[] = {"key1", "key2", "none"};
    const FailingMemory failing({});
    EXPECT_TRUE(cache_->backend()->InvalidateRaw("key0").ok());
    EXPECT_TRUE(cache_->backend()->InvalidateManyRaw(paths).ok());
    EXPECT_EQ(failing.failed(), 0u);
    EXPECT_TRUE(cache_->Clear().ok());
  }
  EXPECT_EQ(Read(), Contents());
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_EQ(PathsIn(*cache_), StringSet());
  Set(*cache_, "new");
  EXPECT_EQ(Get(*cache_, "new"), "value");
}

TEST_P(OomResidentTest, AFlushWithoutMemoryIsCountedAndSaysWhatIsUnwritten) {
  Open();
  Set(*cache_, "new");
  Status flushed;
  {
    const FailingMemory failing({});
    flushed = cache_->Flush();
  }
  EXPECT_TRUE(flushed.Is(ErrorCode::kFull)) << flushed.ToString();
  EXPECT_EQ(*cache_->Stats().flush_failures, 1u);
  EXPECT_EQ(Get(*cache_, "new"), "value");
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

INSTANTIATE_TEST_SUITE_P(Values, OomResidentTest,
                         testing::Values(Values::kPending, Values::kResident,
                                         Values::kAway),
                         [](const testing::TestParamInfo<Values>& info) {
                           return info.param == Values::kPending    ? "Pending"
                                  : info.param == Values::kResident ? "Resident"
                                                                    : "Away";
                         });

}  // namespace
}  // namespace appcache::oom_resident_test
