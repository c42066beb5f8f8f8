// The file stays within max_bytes, and a set always makes room. The tests run
// in /dev/shm, because each of many thousand writes would wait for the disk.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace appcache::room_test {
namespace {

class RoomTest : public testing::TestWithParam<uint64_t> {
 protected:
  RoomTest() : cache_(OpenLmdb(directory_.path(), GetParam())) {}

  Backend& backend() const { return *cache_->backend(); }

  void ExpectWithinMaxBytes() const {
    struct stat info = {};
    ASSERT_EQ(stat((directory_.path() + "/data.mdb").c_str(), &info), 0);
    EXPECT_LE(static_cast<uint64_t>(info.st_size), GetParam());
    EXPECT_LE(static_cast<uint64_t>(info.st_blocks) * 512, GetParam());
  }

  // From one byte to the largest size. The logarithm of the size is uniform.
  std::string RandomValue() {
    uint64_t most = cache_->Traits().max_value_bytes;
    for (uint64_t halvings = random_.Below(16); halvings > 0; --halvings) {
      most = std::max<uint64_t>(most / 2, 1);
    }
    return std::string(1 + random_.Below(most),
                       static_cast<char>(random_.Below(256)));
  }

  // Sets the value, and checks that a get returns it.
  void SetAndCheck(const std::string& path, const std::string& value) {
    const Status set = backend().SetRaw(path, value, kNoTtl);
    ASSERT_TRUE(set.ok()) << set.ToString() << " at " << value.size();
    const Lookup<Bytes> found = backend().GetRaw(path);
    ASSERT_TRUE(found && found->view() == value) << value.size();
  }

  RandomSource random_;
  const TempDir directory_{"/dev/shm"};
  std::unique_ptr<LmdbCache> cache_;
};

INSTANTIATE_TEST_SUITE_P(MaxBytes, RoomTest,
                         testing::Values(uint64_t{1} << 20, uint64_t{9} << 20),
                         [](const testing::TestParamInfo<uint64_t>& info) {
                           return std::to_string(info.param >> 20) + "MiB";
                         });

TEST_P(RoomTest, EverySetIsReadableAlthoughMoreIsSetThanFits) {
  uint64_t written = 0;
  for (int i = 0; written < 4 * GetParam(); ++i) {
    const std::string value = RandomValue();
    written += value.size();
    // A third of the sets may replace an entry.
    const uint64_t name = i % 3 == 0 ? random_.Below(50) : 100 + i;
    SetAndCheck("p/" + std::to_string(name), value);
    if (HasFatalFailure()) return;
  }
  ExpectWithinMaxBytes();
  EXPECT_GT(cache_->Stats().evictions.value_or(0), 0u);
}

TEST_P(RoomTest, ManySmallEntriesMakeRoomForTheLargestRepeatedly) {
  const std::string largest(cache_->Traits().max_value_bytes, 'L');
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> paths;
    for (int i = 0; i < 4000; ++i) {
      paths.push_back(std::to_string(random_.Bits()));
    }
    for (int times = 0; times < 2; ++times) {
      std::vector<RawEntry> entries;
      for (const std::string& path : paths) {
        entries.push_back({path, "a small value", kNoTtl});
      }
      const Status set = backend().SetManyRaw(entries);
      ASSERT_TRUE(set.ok()) << set.ToString();
    }
    for (int i = 0; i < 8; ++i) {
      SetAndCheck("large " + std::to_string(i), largest);
      if (HasFatalFailure()) return;
    }
  }
  ExpectWithinMaxBytes();
}

TEST_P(RoomTest, TheSameKeyCanBeSetRepeatedly) {
  for (int i = 0; i < 200; ++i) {
    SetAndCheck("p", RandomValue());
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(cache_->Stats().entries, 1u);
  ExpectWithinMaxBytes();
}

TEST_P(RoomTest, OfABatchThatDoesNotFitTheLastEntriesRemain) {
  const std::string value(cache_->Traits().max_value_bytes / 2, 'v');
  std::vector<std::string> paths;
  for (int i = 0; i < 200; ++i) paths.push_back("p/" + std::to_string(i));
  std::vector<RawEntry> entries;
  for (const std::string& path : paths)
    entries.push_back({path, value, kNoTtl});
  const Status set = backend().SetManyRaw(entries);
  ASSERT_TRUE(set.ok()) << set.ToString();
  EXPECT_TRUE(backend().GetRaw(paths.back()));
  EXPECT_FALSE(backend().GetRaw(paths.front()));
  ExpectWithinMaxBytes();
}

TEST_P(RoomTest, AFullCacheCanBeInvalidatedAndCleared) {
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i) {
    paths.push_back("p/" + std::to_string(random_.Bits()));
    ASSERT_TRUE(
        backend().SetRaw(paths.back(), std::string(3000, 'v'), kNoTtl).ok());
  }
  const std::vector<std::string_view> views(paths.begin() + 500, paths.end());
  Status status = backend().InvalidateManyRaw(views);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_FALSE(backend().GetRaw(paths.back()));
  for (const std::string& path : paths) {
    ASSERT_TRUE(backend().SetRaw(path, std::string(3000, 'w'), kNoTtl).ok());
  }
  status = cache_->Clear();
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(cache_->Stats().entries, 0u);
  SetAndCheck("p", "after");
}

TEST_P(RoomTest, AFullCacheCanInvalidateAPrefix) {
  // Some of the keys are hashed.
  const auto path = [](std::string_view prefix, int i) {
    return std::string(prefix) + std::to_string(i) +
           std::string(i % 10 == 0 ? 600 : 0, 'h');
  };
  int last = 0;
  while (last % 10 != 0 || cache_->Stats().evictions == 0u) {
    ++last;
    for (const std::string_view prefix : {"p/", "q/"}) {
      ASSERT_TRUE(
          backend()
              .SetRaw(path(prefix, last), std::string(1000, 'v'), kNoTtl)
              .ok());
    }
  }
  const uint64_t entries = *cache_->Stats().entries;
  const Status status = backend().InvalidatePrefixRaw("p/");
  ASSERT_TRUE(status.ok()) << status.ToString();
  const CacheStats stats = cache_->Stats();
  EXPECT_NEAR(static_cast<double>(*stats.entries),
              static_cast<double>(entries) / 2, 2);
  EXPECT_EQ(stats.invalidations, entries - *stats.entries);
  EXPECT_FALSE(backend().GetRaw(path("p/", last)));
  EXPECT_FALSE(backend().GetRaw(path("p/", last - 1)));
  EXPECT_TRUE(backend().GetRaw(path("q/", last)));
  EXPECT_TRUE(backend().GetRaw(path("q/", last - 1)));
}

TEST_P(RoomTest, AnAddEvictsOnlyIfItAdds) {
  const std::string value(cache_->Traits().max_value_bytes / 2, 'v');
  int last = 0;
  for (; cache_->Stats().evictions == 0u; ++last) {
    const std::string path = "p/" + std::to_string(last);
    const Result<bool> added = backend().AddRaw(path, value, kNoTtl);
    ASSERT_TRUE(added.ok() && *added) << added.status().ToString();
    ASSERT_TRUE(backend().GetRaw(path));
  }
  const CacheStats before = cache_->Stats();
  const std::string largest(cache_->Traits().max_value_bytes, 'v');
  const std::string there = "p/" + std::to_string(last - 1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(*backend().AddRaw(there, largest, kNoTtl));
  }
  EXPECT_EQ(cache_->Stats().evictions, before.evictions);
  EXPECT_EQ(cache_->Stats().entries, before.entries);
  ExpectWithinMaxBytes();
}

TEST_P(RoomTest, EvictsTheEntriesThatWereWrittenFirst) {
  const std::string value(cache_->Traits().max_value_bytes / 4, 'v');
  int last = 0;
  for (; cache_->Stats().evictions == 0u; ++last) {
    ASSERT_TRUE(
        backend().SetRaw("p/" + std::to_string(last), value, kNoTtl).ok());
    // A get does not affect the order. A set moves the entry to the end.
    EXPECT_EQ(backend().GetRaw("p/0").is_hit(),
              cache_->Stats().evictions == 0u);
    if (last == 3) {
      ASSERT_TRUE(backend().SetRaw("p/1", value, kNoTtl).ok());
    }
  }
  EXPECT_TRUE(backend().GetRaw("p/1"));
  EXPECT_TRUE(backend().GetRaw("p/3"));
}

TEST_P(RoomTest, SetsReduceTheCacheToASmallerMaxBytes) {
  const std::string value(3000, 'v');
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(backend().SetRaw(std::to_string(i), value, kNoTtl).ok());
  }
  cache_.reset();
  cache_ = OpenLmdb(directory_.path(), LmdbCacheOptions::kMinBytes);
  for (int i = 0; i < 5; ++i) SetAndCheck("p/" + std::to_string(i), value);
  EXPECT_LE(cache_->Stats().entries.value_or(0),
            LmdbCacheOptions::kMinBytes / 3000);
}

}  // namespace
}  // namespace appcache::room_test
