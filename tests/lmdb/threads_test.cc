// LmdbCache in many threads: concurrent readers and writers, short-lived
// threads, the pool of read transactions, and reads that do not end.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/lmdb/written.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

class ThreadsTest : public testing::Test {
 protected:
  const TempDir directory_{"/dev/shm"};
};

TEST_F(ThreadsTest, ShortLivedThreadsOccupyNoReaderSlots) {
  const auto cache = OpenLmdb(directory_.path());
  ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
  std::atomic<int> wrong{0};
  for (int round = 0; round < 40; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 10; ++i) {
      threads.emplace_back([&] {
        if (ValueIn(*cache, "p") != "value") ++wrong;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(wrong, 0);
}

// The writer evicts.
TEST_F(ThreadsTest, AHitIsACompleteValueOfItsKeyDuringWrites) {
  constexpr int kReaders = 4;
  LmdbCacheOptions options;
  options.max_bytes = LmdbCacheOptions::kMinBytes;
  options.busy_timeout = std::chrono::minutes(5);
  const auto cache = OpenLmdb(directory_.path(), options);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::latch started(kReaders);
  std::vector<std::thread> readers;
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&, reader] {
      started.count_down();
      for (int i = reader; !done; ++i) {
        const int key = i % kWrittenKeys;
        const std::string path = WrittenPath(key);
        const std::array<std::string_view, 2> paths = {path, "none"};
        const auto found = cache->backend()->GetManyRaw(paths);
        if (found[0].has_error() || found[1].is_hit() ||
            (found[0] && !IsWritten(key, found[0]->view()))) {
          ++wrong;
        }
      }
    });
  }
  started.wait();
  RandomSource random;
  for (int i = 0; i < 1000; ++i) {
    const int key = static_cast<int>(random.Below(kWrittenKeys));
    const Status set = cache->backend()->SetRaw(
        WrittenPath(key), WrittenValue(key, random.Below(9000)), kNoTtl);
    EXPECT_TRUE(set.ok()) << set.ToString();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(cache->Stats().evictions.value_or(0), 0u);
}

TEST_F(ThreadsTest, CachesOfOneDirectoryOpenAndCloseInAnyOrder) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto cache = OpenLmdb(directory_.path());
        const std::string path = std::to_string(t);
        if (!cache->backend()->SetRaw(path, std::to_string(i), kNoTtl).ok())
          ++wrong;
        if (ValueIn(*cache, path) != std::to_string(i)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// 64 reads run, and a 65th waits for one of them.
TEST_F(ThreadsTest, TheNumberOfReadsIsLimitedAndMoreWait) {
  LmdbCacheOptions options;
  options.busy_timeout = milliseconds(1);
  const auto cache = OpenLmdb(directory_.path(), options);
  ASSERT_TRUE(
      cache->backend()->SetRaw("p", "value", std::chrono::hours(1)).ok());
  std::list<BlockedRead> reads;
  for (int i = 0; i < 64; ++i) {
    reads.emplace_back(directory_.path(), "p", options);
  }
  EXPECT_EQ(cache->backend()->GetRaw("p").error().code, ErrorCode::kBusy);
  EXPECT_FALSE(cache->Stats().entries);
  EXPECT_TRUE(cache->backend()->SetRaw("q", "value", kNoTtl).ok());
  options.busy_timeout = std::chrono::minutes(5);
  const auto patient = OpenLmdb(directory_.path(), options);
  std::thread waiting([&] { EXPECT_EQ(ValueIn(*patient, "p"), "value"); });
  reads.pop_front();
  waiting.join();
  reads.clear();
  EXPECT_EQ(ValueIn(*cache, "p"), "value");
}

TEST_F(ThreadsTest, SetsAreBusyWhileAnOldReadPreventsTheReuseOfPages) {
  LmdbCacheOptions options;
  options.max_bytes = LmdbCacheOptions::kMinBytes;
  options.busy_timeout = milliseconds(1);
  const auto cache = OpenLmdb(directory_.path(), options);
  ASSERT_TRUE(
      cache->backend()->SetRaw("p/old", "value", std::chrono::hours(1)).ok());
  Status status;
  const auto fill = [&] {
    for (int i = 0; status.ok() && i < 2000; ++i) {
      status = cache->backend()->SetRaw("p/" + std::to_string(i),
                                        std::string(3000, 'v'), kNoTtl);
    }
  };
  {
    const BlockedRead read(directory_.path(), "p/old", options);
    fill();
    EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
    EXPECT_NE(status.ToString().find("prevents the reuse of free pages"),
              std::string::npos);
    // No entry was evicted, because that would not have helped.
    EXPECT_TRUE(cache->backend()->GetRaw("p/1"));
  }
  status = Status();
  fill();
  EXPECT_TRUE(status.ok()) << status.ToString();
}

}  // namespace
}  // namespace appcache
