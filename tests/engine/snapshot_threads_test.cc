// Snapshot while other threads use the cache: it is of one moment.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/unsynced_vfs.h"
#include "tests/support/test_scale.h"

namespace appcache::snapshot_threads_test {
namespace {

constexpr int kPairs = 300;

enum class Source { kMemory, kFile, kConnection };

class SnapshotThreadsTest : public testing::TestWithParam<Source> {
 protected:
  SnapshotThreadsTest() {
    SqliteCacheOptions options;
    options.vfs = UnsyncedVfs();
    cache_ = Must(
        GetParam() == Source::kMemory ? SqliteCache::OpenInMemory(options, "s")
        : GetParam() == Source::kFile
            ? SqliteCache::OpenFile(scratch_.Path("source.db"), options)
            : SqliteCache::OpenOn(connection_.get(), options));
  }

  // Both halves of a pair have one value.
  void SetPair(int pair, int round) {
    const std::string left = "left/" + std::to_string(pair);
    const std::string right = "right/" + std::to_string(pair);
    const std::string value =
        std::to_string(round) + std::string(static_cast<size_t>(pair) * 5, '.');
    const RawEntry entries[] = {{left, value}, {right, value}};
    EXPECT_TRUE(cache_->backend()->SetManyRaw(entries).ok());
  }

  void ExpectPairsAreEqual(const std::string& file) {
    const auto copy = Must(SqliteCache::OpenInMemoryFrom(file, {}, "copy"));
    std::map<std::string, std::string> values;
    EXPECT_TRUE(copy->ForEachEntry([&](const StoredEntry& entry) {
                      values[entry.info.path] = entry.value.view();
                      return true;
                    })
                    .ok());
    for (int i = 0; i < kPairs; ++i) {
      const std::string pair = std::to_string(i);
      ASSERT_TRUE(values.contains("left/" + pair)) << pair;
      EXPECT_EQ(values["left/" + pair], values["right/" + pair]) << pair;
    }
    EXPECT_EQ(ProblemsIn(*copy), Strings());
  }

  const Scratch scratch_;
  const PlainSqlite connection_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_P(SnapshotThreadsTest, IsOfOneMoment) {
  for (int i = 0; i < kPairs; ++i) SetPair(i, 0);
  std::atomic<bool> done = false;
  std::latch working(4);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 1; !done; ++round) {
        SetPair(round * 7 % kPairs, 2 * round + thread);
        if (round == 2) working.count_down();
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; !done; ++round) {
      const std::string pair = std::to_string(round % kPairs);
      EXPECT_NE(Get(*cache_, "left/" + pair), "<miss>");
      if (round == 2) working.count_down();
    }
  });
  // Entries that come and go.
  threads.emplace_back([&] {
    for (int round = 0; !done; ++round) {
      const std::string path = "other/" + std::to_string(round % 50);
      Set(*cache_, path, std::string(2000, 'x'));
      EXPECT_TRUE(cache_->backend()->InvalidatePrefixRaw("other/1").ok());
      if (round == 2) working.count_down();
    }
  });
  working.wait();
  const std::string file = scratch_.Path("snapshot.db");
  for (int i = 0; i < 4 * TestScale(); ++i) {
    const Status status = cache_->Snapshot(file);
    EXPECT_TRUE(status.ok()) << status.ToString();
    ExpectPairsAreEqual(file);
  }
  done = true;
  threads.clear();
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// To one path.
TEST_P(SnapshotThreadsTest, SeveralAtOnceAreEachWhole) {
  for (int i = 0; i < kPairs; ++i) SetPair(i, 0);
  const std::string file = scratch_.Path("snapshot.db");
  std::latch start(3);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 3; ++i) {
        const Status status = cache_->Snapshot(file);
        EXPECT_TRUE(status.ok()) << status.ToString();
      }
    });
  }
  threads.clear();
  ExpectPairsAreEqual(file);
  for (const auto& [name, bytes] : scratch_.Files()) {
    EXPECT_EQ(name.find(".snapshot-"), std::string::npos) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, SnapshotThreadsTest,
                         testing::Values(Source::kMemory, Source::kFile,
                                         Source::kConnection),
                         [](const testing::TestParamInfo<Source>& info) {
                           return info.param == Source::kMemory ? "Memory"
                                  : info.param == Source::kFile ? "File"
                                                                : "Connection";
                         });

}  // namespace
}  // namespace appcache::snapshot_threads_test
