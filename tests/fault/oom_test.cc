// Memory runs out in an operation on a cache, in memory and in a file.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/fault/oom_loop.h"

namespace appcache::oom_test {
namespace {

class OomTest : public OomLoop {
 protected:
  static void Fill(SqliteCache& cache) {
    std::vector<std::pair<Key<std::string>, std::string>> entries;
    for (int i = 0; i < 10; ++i) {
      entries.emplace_back(Key<std::string>("key" + std::to_string(i)),
                           std::string(static_cast<size_t>(i) * 100, 'v'));
    }
    ASSERT_TRUE(cache.SetMany(entries).ok());
    ASSERT_TRUE(cache.Flush().ok());
  }

  // With entries, and this thread's reader.
  static void FillAndGet(SqliteCache& cache) {
    Fill(cache);
    EXPECT_TRUE(cache.GetByStr<std::string>("key1"));
  }

  void FailEverywhereIn(std::function<Status(SqliteCache&)> run) {
    FailEverywhere({.prepare = FillAndGet, .run = std::move(run)});
  }

  const std::string value_ = std::string(5000, 'v');
};

TEST_P(OomTest, TheFirstGetOfAThread) {
  FailEverywhere({.prepare = Fill, .run = [](SqliteCache& cache) {
                    return cache.GetByStr<std::string>("key5").status();
                  }});
}

TEST_P(OomTest, ALaterGet) {
  FailEverywhereIn([](SqliteCache& cache) {
    const auto found = cache.GetByStr<std::string>("key9");
    // Not a plain miss: it is there.
    EXPECT_TRUE(found || found.has_error());
    return found.status();
  });
}

TEST_P(OomTest, ATtl) {
  FailEverywhereIn(
      [](SqliteCache& cache) { return cache.TtlByStr("key5").status(); });
}

TEST_P(OomTest, SetNew) {
  FailEverywhereIn(
      [&](SqliteCache& cache) { return cache.SetByStr("new", value_); });
}

TEST_P(OomTest, SetOver) {
  FailEverywhereIn([&](SqliteCache& cache) {
    return cache.SetByStr("key9", value_, std::chrono::hours(1));
  });
}

TEST_P(OomTest, SetWithEviction) {
  FailEverywhere(
      {.prepare = Fill,
       .run = [&](SqliteCache& cache) { return cache.SetByStr("new", value_); },
       .max_entries = 10});
}

TEST_P(OomTest, SetMany) {
  const std::vector<RawEntry> entries = {
      {"new1", value_, kNoTtl}, {"new2", value_, Ttl(5)}, {"new1", "", kNoTtl}};
  FailEverywhereIn(
      [&](SqliteCache& cache) { return cache.backend()->SetManyRaw(entries); });
}

TEST_P(OomTest, Add) {
  FailEverywhereIn([&](SqliteCache& cache) {
    return cache.backend()->AddRaw("new", value_, Ttl(5)).status();
  });
}

TEST_P(OomTest, AddWithEviction) {
  FailEverywhere(
      {.prepare = Fill,
       .run =
           [&](SqliteCache& cache) {
             return cache.backend()->AddRaw("new", value_, kNoTtl).status();
           },
       .max_entries = 10});
}

TEST_P(OomTest, SetTtl) {
  for (const Ttl ttl : {Ttl(5), Ttl(kNoTtl)}) {
    FailEverywhere(
        {.prepare =
             [](SqliteCache& cache) {
               FillAndGet(cache);
               EXPECT_TRUE(
                   cache.SetByStr<std::string>("key5", "value", Ttl(9)).ok());
               EXPECT_TRUE(cache.Flush().ok());
             },
         .run =
             [&](SqliteCache& cache) {
               const auto found =
                   cache.backend()->SetTtlRaw("pyappcache/key5", ttl);
               EXPECT_TRUE(!found.ok() || *found);
               return found.status();
             }});
  }
}

TEST_P(OomTest, InvalidatePrefix) {
  FailEverywhereIn(
      [](SqliteCache& cache) { return cache.InvalidatePrefix("key"); });
}

TEST_P(OomTest, Invalidate) {
  FailEverywhereIn(
      [](SqliteCache& cache) { return cache.InvalidateByStr("key5"); });
}

TEST_P(OomTest, Clear) {
  FailEverywhereIn([](SqliteCache& cache) { return cache.Clear(); });
}

TEST_P(OomTest, RestoreMany) {
  std::vector<StoredEntry> entries(2);
  entries[0].info.path = "restored1";
  entries[1].info.path = "restored2";
  entries[1].value = Bytes::Copy(value_);
  FailEverywhereIn(
      [&](SqliteCache& cache) { return cache.RestoreMany(entries); });
}

TEST_P(OomTest, AWalkOverEverything) {
  FailEverywhereIn([](SqliteCache& cache) {
    return cache.ForEachEntry([](const StoredEntry&) { return true; });
  });
}

TEST_P(OomTest, AWalkOverAPrefix) {
  for (const bool with_values : {false, true}) {
    size_t visited = 0;
    FailEverywhere({.prepare = FillAndGet,
                    .run =
                        [&](SqliteCache& cache) {
                          visited = 0;
                          return cache.backend()->WalkRaw(
                              {"pyappcache/key", with_values},
                              [&](const WalkedEntry&) {
                                ++visited;
                                return true;
                              });
                        },
                    .check =
                        [&](const Status& status) {
                          if (status.ok()) {
                            EXPECT_EQ(visited, 10u);
                          }
                        }});
  }
}

TEST_P(OomTest, ACheck) {
  FailEverywhereIn([](SqliteCache& cache) { return cache.Check().status(); });
}

TEST_P(OomTest, Stats) {
  FailEverywhereIn([](SqliteCache& cache) {
    (void)cache.Stats();
    return Status();
  });
}

TEST_P(OomTest, Flush) {
  FailEverywhereIn([](SqliteCache& cache) { return cache.Flush(); });
}

TEST_P(OomTest, Close) {
  FailEverywhere({.prepare = FillAndGet,
                  .run = [](SqliteCache& cache) { return cache.Close(); },
                  .closes = true});
}

INSTANTIATE_TEST_SUITE_P(Where, OomTest,
                         testing::Values(Where::kMemory, Where::kFile,
                                         Where::kConnection,
                                         Where::kTransaction),
                         NameOfWhere);

}  // namespace
}  // namespace appcache::oom_test
