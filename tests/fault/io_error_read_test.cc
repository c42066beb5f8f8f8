// Reads while the file system fails.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fault/fault_loop.h"

namespace appcache::io_error_read_test {
namespace {

class IoErrorReadTest : public FaultLoop {
 protected:
  void SetUp() override { MakeOriginal(/*with_log=*/false); }

  // A hit has the right value; a miss of an entry that is there has an error.
  Status GetOriginal(SqliteCache& cache, const std::string& key) {
    const Lookup<std::string> found = cache.GetByStr<std::string>(key);
    if (found) {
      EXPECT_EQ(*found, original().at(key));
    } else {
      EXPECT_TRUE(found.has_error()) << key;
    }
    return found.status();
  }

  void FailEverywhereIn(std::function<Status(SqliteCache&)> run,
                        std::function<void(SqliteCache&)> prepare = nullptr) {
    FailEverywhere({.prepare = std::move(prepare),
                    .run = std::move(run),
                    .after = original()});
  }
};

TEST_F(IoErrorReadTest, TheFirstHitOfAThread) {
  FailEverywhereIn(
      [&](SqliteCache& cache) { return GetOriginal(cache, "key07"); });
}

TEST_F(IoErrorReadTest, ALaterHit) {
  FailEverywhereIn(
      [&](SqliteCache& cache) { return GetOriginal(cache, "large2"); },
      [&](SqliteCache& cache) {
        EXPECT_TRUE(GetOriginal(cache, "key07").ok());
      });
}

TEST_F(IoErrorReadTest, AMiss) {
  FailEverywhereIn([](SqliteCache& cache) {
    const Lookup<std::string> found = cache.GetByStr<std::string>("none");
    EXPECT_FALSE(found.is_hit());
    return found.status();
  });
}

TEST_F(IoErrorReadTest, AHitInTheLog) {
  MakeOriginal(/*with_log=*/true);
  FailEverywhereIn(
      [&](SqliteCache& cache) { return GetOriginal(cache, "large1"); });
}

TEST_F(IoErrorReadTest, ABatchIsAnsweredKeyByKey) {
  FailEverywhereIn([&](SqliteCache& cache) {
    const std::vector<Key<std::string>> keys = {Key<std::string>("key07"),
                                                Key<std::string>("large1"),
                                                Key<std::string>("key08")};
    const auto found = cache.GetMany<Key<std::string>>(keys);
    EXPECT_EQ(found.size(), keys.size());
    Status first_error;
    for (const Lookup<std::string>& lookup : found) {
      EXPECT_TRUE(lookup || lookup.has_error());
      if (first_error.ok()) first_error = lookup.status();
    }
    return first_error;
  });
}

TEST_F(IoErrorReadTest, ATtl) {
  FailEverywhereIn([](SqliteCache& cache) {
    const Lookup<Ttl> ttl = cache.TtlByStr("key07");
    EXPECT_TRUE(ttl || ttl.has_error());
    return ttl.status();
  });
}

TEST_F(IoErrorReadTest, AWalkOverEverything) {
  FailEverywhereIn([&](SqliteCache& cache) {
    return cache.ForEachEntry([&](const StoredEntry& entry) {
      EXPECT_EQ(entry.value.view(), original().at(entry.info.path.substr(2)));
      return true;
    });
  });
}

// The walk ended early if it failed: nothing that it visited is wrong.
TEST_F(IoErrorReadTest, AWalkOverAPrefix) {
  for (const bool with_values : {false, true}) {
    size_t visited = 0;
    FailEverywhere(
        {.run =
             [&](SqliteCache& cache) {
               visited = 0;
               return cache.backend()->WalkRaw(
                   {"t/key0", with_values}, [&](const WalkedEntry& entry) {
                     const auto found =
                         original().find(std::string(entry.path.substr(2)));
                     EXPECT_NE(found, original().end()) << entry.path;
                     if (found == original().end()) return false;
                     EXPECT_EQ(entry.value_bytes, found->second.size());
                     EXPECT_EQ(entry.value,
                               with_values ? found->second : std::string());
                     ++visited;
                     return true;
                   });
             },
         .after = original(),
         .check =
             [&](const Status& status) {
               EXPECT_LE(visited, 10u);
               if (status.ok()) {
                 EXPECT_EQ(visited, 10u);
               }
             }});
  }
}

TEST_F(IoErrorReadTest, ACheck) {
  FailEverywhereIn([](SqliteCache& cache) {
    // SQLite counts a page that it cannot read as a problem, not as an error.
    return cache.Check().status();
  });
}

TEST_F(IoErrorReadTest, Stats) {
  FailEverywhereIn([&](SqliteCache& cache) {
    const CacheStats stats = cache.Stats();
    EXPECT_EQ(stats.entries.value_or(original().size()), original().size());
    return Status();
  });
}

}  // namespace
}  // namespace appcache::io_error_read_test
