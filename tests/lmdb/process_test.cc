// LmdbCache in several processes, which write, are stopped, and are killed.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/lmdb/written.h"
#include "tests/support/child_process.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace appcache::process_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class ProcessTest : public testing::Test {
 protected:
  static LmdbCacheOptions Impatient() {
    LmdbCacheOptions options;
    options.busy_timeout = milliseconds(20);
    return options;
  }

  std::unique_ptr<LmdbCache> Open(LmdbCacheOptions options = {}) const {
    return OpenLmdb(directory_.path(), std::move(options));
  }

  // Starts lmdb_process and waits until it has opened the cache. It then waits
  // for a line.
  std::unique_ptr<ChildProcess> Start(std::string command,
                                      std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {std::move(command),
                                          directory_.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto child = std::make_unique<ChildProcess>(std::move(arguments));
    EXPECT_EQ(child->ReadLine(), "ready");
    return child;
  }

  // Checks the values that the command `write` has set, and returns the number
  // of hits.
  static int ExpectNoWrongValue(LmdbCache& cache) {
    int hits = 0;
    for (int key = 0; key < kWrittenKeys; ++key) {
      const Lookup<Bytes> found = cache.backend()->GetRaw(WrittenPath(key));
      EXPECT_FALSE(found.has_error()) << found.status().ToString();
      if (!found) continue;
      ++hits;
      EXPECT_TRUE(IsWritten(key, found->view())) << key;
    }
    return hits;
  }

  const TempDir directory_{"/dev/shm"};
};

TEST_F(ProcessTest, ProcessesShareEntries) {
  const auto cache = Open();
  ASSERT_TRUE(cache->backend()->SetRaw("p/0", "ours", kNoTtl).ok());
  const auto child =
      Start("set", {std::to_string(LmdbCacheOptions().max_bytes), "3"});
  child->WriteLine("go");
  EXPECT_EQ(child->Wait(), 0);
  EXPECT_EQ(cache->backend()->GetRaw("p/0")->size(), 20'000u);
  EXPECT_TRUE(cache->backend()->GetRaw("p/2"));
}

TEST_F(ProcessTest, AStoppedWriterBlocksOtherWritersButNotReaders) {
  const auto cache = Open(Impatient());
  ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
  const auto child = Start("stop");
  child->WriteLine("go");
  child->AwaitStop();
  const auto begin = steady_clock::now();
  const Status set = cache->backend()->SetRaw("p", "new", kNoTtl);
  EXPECT_TRUE(set.Is(ErrorCode::kBusy)) << set.ToString();
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  EXPECT_TRUE(cache->backend()->InvalidateRaw("p").Is(ErrorCode::kBusy));
  EXPECT_TRUE(cache->Clear().Is(ErrorCode::kBusy));
  EXPECT_EQ(ValueIn(*cache, "p"), "value");
  EXPECT_EQ(ValueIn(*cache, "p/stopped"), "<miss>");
  child->Continue();
  EXPECT_EQ(child->Wait(), 0);
  EXPECT_TRUE(cache->backend()->SetRaw("p", "new", kNoTtl).ok());
  EXPECT_EQ(ValueIn(*cache, "p/stopped"), "v");
}

TEST_F(ProcessTest, AWriterKilledInItsTransactionLeavesNoTrace) {
  const auto cache = Open(Impatient());
  const auto child = Start("stop");
  child->WriteLine("go");
  child->AwaitStop();
  child->Kill();
  EXPECT_TRUE(cache->backend()->SetRaw("p", "new", kNoTtl).ok());
  EXPECT_EQ(ValueIn(*cache, "p/stopped"), "<miss>");
  EXPECT_EQ(ValueIn(*cache, "p"), "new");
}

TEST_F(ProcessTest, WritersKilledAtAnyTimeLeaveNoWrongValue) {
  RandomSource random;
  for (int kill = 0; kill < 16; ++kill) {
    // Every other time, the cache is open in this process too.
    std::unique_ptr<LmdbCache> cache;
    if (kill % 2 == 0) cache = Open();
    const auto child = Start("write", {std::to_string(random.Bits())});
    child->WriteLine("go");
    const auto end =
        steady_clock::now() + std::chrono::microseconds(random.Below(20'000));
    do {
      if (cache) ExpectNoWrongValue(*cache);
    } while (steady_clock::now() < end);
    child->Kill();
    if (!cache) cache = Open();
    ASSERT_NE(cache, nullptr);
    ExpectNoWrongValue(*cache);
    const Status set =
        cache->backend()->SetRaw(WrittenPath(0), WrittenValue(0, 7), kNoTtl);
    EXPECT_TRUE(set.ok()) << set.ToString();
  }
  EXPECT_GT(ExpectNoWrongValue(*Open()), 0);
}

TEST_F(ProcessTest, KilledReadersDoNotPreventTheReuseOfPages) {
  LmdbCacheOptions options = Impatient();
  options.max_bytes = LmdbCacheOptions::kMinBytes;
  {
    const auto cache = Open(options);
    ASSERT_TRUE(cache->backend()->SetRaw("p", "v", std::chrono::hours(1)).ok());
  }
  const auto child = Start("read", {std::to_string(options.max_bytes), "p"});
  child->WriteLine("go");
  child->AwaitStop();
  const auto cache = Open(options);
  Status set;
  for (int i = 0; set.ok() && i < 2000; ++i) {
    set = cache->backend()->SetRaw(std::to_string(i), std::string(3000, 'v'),
                                   kNoTtl);
  }
  EXPECT_TRUE(set.Is(ErrorCode::kBusy)) << set.ToString();
  child->Kill();
  set = cache->backend()->SetRaw("q", std::string(3000, 'v'), kNoTtl);
  EXPECT_TRUE(set.ok()) << set.ToString();
}

// Another process opens the directory with a larger max_bytes, and uses it.
TEST_F(ProcessTest, ReadersAndWritersRemapAMapThatHasGrown) {
  const uint64_t small = LmdbCacheOptions::kMinBytes;
  for (const bool by_write : {false, true}) {
    LmdbCacheOptions options;
    options.max_bytes = small;
    const auto cache = Open(options);
    ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
    ASSERT_TRUE(cache->backend()->GetRaw("p"));
    const uint64_t larger = small * (by_write ? 40 : 20);
    const auto child =
        Start("set", {std::to_string(larger), std::to_string(larger / 30'000)});
    child->WriteLine("go");
    EXPECT_EQ(child->Wait(), 0);
    if (by_write) {
      const Status set = cache->backend()->SetRaw("q", "value", kNoTtl);
      EXPECT_TRUE(set.ok()) << set.ToString();
    }
    EXPECT_EQ(ValueIn(*cache, "p"), by_write ? "<miss>" : "value");
    EXPECT_TRUE(
        cache->backend()->GetRaw("p/" + std::to_string(larger / 30'000 - 1)));
    ASSERT_TRUE(cache->Clear().ok());
  }
}

// LMDB unmaps the old map before it finds that the larger one does not fit.
TEST_F(ProcessTest, AFailedRemapMakesTheCacheUnavailableUntilItIsReopened) {
  constexpr uint64_t kSmall = LmdbCacheOptions::kMinBytes;
  constexpr uint64_t kLarge = 256 * kSmall;
  for (const char* const first : {"get", "set"}) {
    SCOPED_TRACE(first);
    const auto cramped = Start("cramped", {std::to_string(kSmall), first});
    const auto growing = Start("set", {std::to_string(kLarge), "100"});
    growing->WriteLine("go");
    EXPECT_EQ(growing->Wait(), 0);
    LmdbCacheOptions options;
    options.max_bytes = kLarge;
    ASSERT_TRUE(Open(options)->backend()->SetRaw("p", "value", kNoTtl).ok());
    cramped->WriteLine("go");
    EXPECT_EQ(cramped->ReadLine(), "");
    EXPECT_EQ(cramped->Wait(), 0);
    std::filesystem::remove(directory_.path() + "/data.mdb");
  }
}

TEST_F(ProcessTest, GetsAreBusyWhileOtherProcessesOccupyAllReaderSlots) {
  for (const bool killed : {false, true}) {
    const auto cache = Open(Impatient());
    ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
    const auto others = Start("readers");
    const std::string_view path = "p";
    for (const Status& status :
         {cache->backend()->GetRaw(path).status(),
          cache->backend()->TtlRaw(path).status(),
          cache->backend()->GetManyRaw({&path, 1})[0].status()}) {
      EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
    }
    EXPECT_TRUE(cache->backend()->SetRaw("p", "new", kNoTtl).ok());
    if (killed) {
      others->Kill();
    } else {
      others->WriteLine("go");
      EXPECT_EQ(others->Wait(), 0);
    }
    EXPECT_EQ(ValueIn(*cache, "p"), "new");
  }
}

TEST_F(ProcessTest, AFullDiskFailsTheSetAndNothingElse) {
  const auto child = Start("full");
  child->WriteLine("go");
  EXPECT_EQ(child->ReadLine(), "");
  EXPECT_EQ(child->Wait(), 0);
}

}  // namespace
}  // namespace appcache::process_test
