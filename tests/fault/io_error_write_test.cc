// Writes while the file system fails.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/fault/fault_loop.h"

namespace appcache::io_error_write_test {
namespace {

class IoErrorWriteTest : public FaultLoop {
 protected:
  void SetUp() override { MakeOriginal(/*with_log=*/false); }

  Contents With(const Contents& changes) const {
    Contents contents = changes;
    contents.insert(original().begin(), original().end());
    return contents;
  }
  Contents Without(const std::vector<std::string>& keys) const {
    Contents contents = original();
    for (const std::string& key : keys) contents.erase(key);
    return contents;
  }

  // Sets in order.
  static Status SetAll(
      SqliteCache& cache,
      const std::vector<std::pair<Key<std::string>, std::string>>& entries) {
    return cache.SetMany(entries);
  }

  const std::string value_ = std::string(500, 'v');
  const std::string large_ = std::string(30'000, 'l');
};

TEST_F(IoErrorWriteTest, SetNew) {
  FailEverywhere(
      {.run = [&](SqliteCache& cache) { return cache.SetByStr("new", value_); },
       .after = With({{"new", value_}})});
}

TEST_F(IoErrorWriteTest, SetNewOfManyPages) {
  FailEverywhere(
      {.run = [&](SqliteCache& cache) { return cache.SetByStr("new", large_); },
       .after = With({{"new", large_}})});
}

TEST_F(IoErrorWriteTest, SetOver) {
  FailEverywhere(
      {.run =
           [&](SqliteCache& cache) { return cache.SetByStr("key07", value_); },
       .after = With({{"key07", value_}})});
}

TEST_F(IoErrorWriteTest, SetOverInALogThatHasToBeRecovered) {
  MakeOriginal(/*with_log=*/true);
  FailEverywhere(
      {.run =
           [&](SqliteCache& cache) { return cache.SetByStr("large1", value_); },
       .after = With({{"large1", value_}})});
}

// The uses of key00 and key01 are not lost with the first attempt: key02 and
// key03 are the victims of the one that succeeds.
TEST_F(IoErrorWriteTest, SetWithEviction) {
  Contents after = Without({"key02", "key03"});
  after["new1"] = after["new2"] = value_;
  FailEverywhere({.prepare =
                      [](SqliteCache& cache) {
                        EXPECT_TRUE(cache.GetByStr<std::string>("key00"));
                        EXPECT_TRUE(cache.GetByStr<std::string>("key01"));
                      },
                  .run =
                      [&](SqliteCache& cache) {
                        return SetAll(cache,
                                      {{Key<std::string>("new1"), value_},
                                       {Key<std::string>("new2"), value_}});
                      },
                  .after = after,
                  .max_entries = original().size()});
}

TEST_F(IoErrorWriteTest, Add) {
  FailEverywhere(
      {.run =
           [&](SqliteCache& cache) {
             return cache.backend()->AddRaw("t/new", large_, kNoTtl).status();
           },
       .after = With({{"new", large_}})});
}

TEST_F(IoErrorWriteTest, SetTtl) {
  constexpr Ttl kTtl(5000);
  Contents after = original();
  after["key07"] += Expiring(kTtl);
  FailEverywhere({.run =
                      [&](SqliteCache& cache) {
                        const auto found =
                            cache.backend()->SetTtlRaw("t/key07", kTtl);
                        EXPECT_TRUE(!found.ok() || *found);
                        return found.status();
                      },
                  .after = after});
}

TEST_F(IoErrorWriteTest, SetTtlThatMovesTheNextExpiry) {
  Contents after = original();
  after["key08"] += Expiring(Ttl(3000));
  FailEverywhere(
      {.prepare =
           [](SqliteCache& cache) {
             const auto found =
                 cache.backend()->SetTtlRaw("t/key07", Ttl(1000));
             EXPECT_TRUE(found.ok() && *found);
             EXPECT_TRUE(cache.backend()->SetTtlRaw("t/key08", Ttl(3000)).ok());
           },
       .run =
           [](SqliteCache& cache) {
             return cache.backend()->SetTtlRaw("t/key07", kNoTtl).status();
           },
       .after = after});
}

TEST_F(IoErrorWriteTest, SetTtlOfNoEntry) {
  FailEverywhere({.run =
                      [](SqliteCache& cache) {
                        const auto found =
                            cache.backend()->SetTtlRaw("t/none", Ttl(5000));
                        EXPECT_FALSE(found.ok() && *found);
                        return found.status();
                      },
                  .after = original()});
}

TEST_F(IoErrorWriteTest, InvalidatePrefix) {
  FailEverywhere(
      {.run =
           [](SqliteCache& cache) { return cache.InvalidatePrefix("large"); },
       .after = Without({"large1", "large2"})});
}

TEST_F(IoErrorWriteTest, Invalidate) {
  FailEverywhere(
      {.run =
           [](SqliteCache& cache) { return cache.InvalidateByStr("large1"); },
       .after = Without({"large1"})});
}

TEST_F(IoErrorWriteTest, InvalidateMany) {
  const std::vector<Key<std::string>> keys = {Key<std::string>("key01"),
                                              Key<std::string>("large1"),
                                              Key<std::string>("none")};
  FailEverywhere({.run =
                      [&](SqliteCache& cache) {
                        return cache.InvalidateMany<Key<std::string>>(keys);
                      },
                  .after = Without({"key01", "large1"})});
}

TEST_F(IoErrorWriteTest, Clear) {
  FailEverywhere(
      {.run = [](SqliteCache& cache) { return cache.Clear(); }, .after = {}});
}

TEST_F(IoErrorWriteTest, SetManyIsAllOrNothing) {
  FailEverywhere({.run =
                      [&](SqliteCache& cache) {
                        return SetAll(cache,
                                      {{Key<std::string>("new1"), value_},
                                       {Key<std::string>("key03"), large_},
                                       {Key<std::string>("new2"), large_},
                                       {Key<std::string>("large2"), value_}});
                      },
                  .after = With({{"new1", value_},
                                 {"key03", large_},
                                 {"new2", large_},
                                 {"large2", value_}})});
}

TEST_F(IoErrorWriteTest, RestoreManyIsAllOrNothing) {
  std::vector<StoredEntry> entries(2);
  entries[0].info.path = "t/new";
  entries[0].value = Bytes::Copy(large_);
  entries[1].info.path = "t/key05";
  entries[1].value = Bytes::Copy(value_);
  FailEverywhere(
      {.run = [&](SqliteCache& cache) { return cache.RestoreMany(entries); },
       .after = With({{"new", large_}, {"key05", value_}})});
}

class IoErrorFlushTest : public IoErrorWriteTest {
 protected:
  // Leaves a log and uses behind.
  void FailEverywhereIn(Status (SqliteCache::*flush)(), bool closes) {
    FailEverywhere(
        {.prepare =
             [&](SqliteCache& cache) {
               EXPECT_TRUE(cache.SetByStr("new", large_).ok());
               EXPECT_TRUE(cache.GetByStr<std::string>("key00"));
               EXPECT_TRUE(cache.GetByStr<std::string>("key01"));
             },
         .run = [flush](SqliteCache& cache) { return (cache.*flush)(); },
         .after = With({{"new", large_}}),
         .closes = closes});
  }
};

TEST_F(IoErrorFlushTest, Flush) {
  FailEverywhereIn(&SqliteCache::Flush, /*closes=*/false);
}

TEST_F(IoErrorFlushTest, Close) {
  FailEverywhereIn(&SqliteCache::Close, /*closes=*/true);
}

}  // namespace
}  // namespace appcache::io_error_write_test
