// Threads that use a cache while it evicts, expires and closes.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/fault/hammer.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"

namespace appcache::threads_test {
namespace {

enum class Where { kMemory, kFile };

class ThreadsTest : public testing::TestWithParam<Where> {
 protected:
  std::unique_ptr<SqliteCache> Open(const SqliteCacheOptions& options = {}) {
    auto opened = GetParam() == Where::kFile
                      ? SqliteCache::OpenFile(path_, options)
                      : SqliteCache::OpenInMemory(options, "threads");
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

 private:
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
};

// Between any two gets of a hot entry there are fewer sets than the cache has
// room for: exact LRU never evicts it, whichever thread has used it.
TEST_P(ThreadsTest, AnEntryInUseIsNeverEvicted) {
  constexpr int kReaders = 4;
  constexpr uint64_t kCapacity = 64;
  constexpr int kSetsBetweenGets = 32;
  const int rounds = 20 * TestScale();

  SqliteCacheOptions options;
  options.max_entries = kCapacity;
  const auto cache = Open(options);
  ASSERT_TRUE(cache);
  for (int i = 0; i < kReaders; ++i) {
    ASSERT_TRUE(cache->SetByStr(HammerKey(i), HammerValue(i, 7)).ok());
  }

  std::atomic<bool> done{false};
  std::array<std::atomic<uint64_t>, kReaders> gets{};
  std::array<uint64_t, kReaders> misses{};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      while (!done) {
        if (!cache->GetByStr<std::string>(HammerKey(i))) ++misses[i];
        ++gets[i];
        gets[i].notify_one();
      }
    });
  }
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < kSetsBetweenGets; ++i) {
      const int cold = round * kSetsBetweenGets + i;
      EXPECT_TRUE(cache->SetByStr("cold" + std::to_string(cold), cold).ok());
    }
    for (std::atomic<uint64_t>& count : gets) {
      // Two more: the second began after this.
      const uint64_t enough = count + 2;
      for (uint64_t now = count; now < enough; now = count) count.wait(now);
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (const uint64_t count : misses) EXPECT_EQ(count, 0u);
  EXPECT_EQ(cache->Stats().entries, kCapacity);
}

TEST_P(ThreadsTest, AnEntryIsNotReadOnceItsTtlHasEnded) {
  constexpr int kKeys = 8;
  constexpr uint64_t kLongestTtl = 20;
  const int ticks = 400 * TestScale();

  const auto clock = std::make_shared<FakeClock>();
  SqliteCacheOptions options;
  options.clock = clock;
  options.expiry_sweep_interval = std::chrono::milliseconds(5);
  const auto cache = Open(options);
  ASSERT_TRUE(cache);

  struct Read {
    uint64_t value;
    TimePoint before;
  };
  std::mutex mutex;
  std::unordered_map<uint64_t, TimePoint> ends;  // of values; under the mutex
  std::vector<Read> hits;                        // so is this
  std::atomic<bool> done{false};
  std::atomic<uint64_t> operations{0};
  const auto work = [&](uint64_t writer, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (uint64_t i = 0; !done; ++i) {
      ++operations;
      operations.notify_one();
      const auto key = static_cast<int32_t>(random() % kKeys);
      if (random() % 2 == 0) {
        const uint64_t value = writer << 32 | i;
        const Ttl ttl(1 + random() % kLongestTtl);
        EXPECT_TRUE(
            cache->SetByStr(HammerKey(key), HammerValue(key, value), ttl).ok());
        std::lock_guard<std::mutex> guard(mutex);
        ends[value] = clock->Now() + ttl;
      } else {
        const TimePoint before = clock->Now();
        const auto found = cache->GetByStr<std::string>(HammerKey(key));
        EXPECT_FALSE(found.has_error());
        if (!found) continue;
        std::lock_guard<std::mutex> guard(mutex);
        hits.push_back({ParseHammerValue(key, *found).value_or(0), before});
      }
    }
  };
  std::vector<std::thread> threads;
  RandomSource seeds;
  for (uint64_t writer = 1; writer <= 4; ++writer) {
    threads.emplace_back(work, writer, seeds.Bits());
  }
  for (int tick = 0; tick < ticks; ++tick) {
    // As often as anything is set: so that entries are there, and end.
    EXPECT_TRUE(cache->SetByStr("tick", tick, Ttl(1)).ok());
    clock->Advance(std::chrono::milliseconds(1));
    const uint64_t enough = operations + 8;
    for (uint64_t now = operations; now < enough; now = operations) {
      operations.wait(now);
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_GT(hits.size(), 100u);
  for (const Read& hit : hits) {
    ASSERT_TRUE(ends.contains(hit.value));
    EXPECT_LT(hit.before, ends[hit.value]);
  }
  clock->Advance(Ttl(kLongestTtl));
  for (int key = 0; key < kKeys; ++key) {
    EXPECT_FALSE(cache->GetByStr<std::string>(HammerKey(key)).is_hit());
  }
}

TEST_P(ThreadsTest, ClosingIsSafeWhileOthersWork) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 5 * TestScale(); ++round) {
    const auto cache = Open();
    ASSERT_TRUE(cache);
    std::array<std::atomic<int>, kThreads> acknowledged{};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 1;; ++n) {
          const Status set = cache->SetByStr(HammerKey(i), n);
          if (set.ok()) {
            acknowledged[i] = n;
            acknowledged[i].notify_one();
          }
          const Lookup<int> get = cache->GetByStr<int>(HammerKey(i));
          EXPECT_TRUE(get || get.has_error());
          if (get.has_error()) {
            EXPECT_TRUE(get.status().Is(ErrorCode::kUnavailable))
                << get.status().ToString();
          }
          if (!set.ok()) {
            EXPECT_TRUE(set.Is(ErrorCode::kUnavailable)) << set.ToString();
            return;
          }
        }
      });
    }
    for (std::atomic<int>& count : acknowledged) {
      for (int now = count; now < 20; now = count) count.wait(now);
    }
    const Status closed = cache->Close();
    EXPECT_TRUE(closed.ok()) << closed.ToString();
    for (std::thread& thread : threads) thread.join();

    if (GetParam() == Where::kMemory) continue;
    const auto again = Open();
    ASSERT_TRUE(again);
    for (int i = 0; i < kThreads; ++i) {
      EXPECT_EQ(again->GetByStr<int>(HammerKey(i)).value_or(0),
                acknowledged[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Where, ThreadsTest,
                         testing::Values(Where::kMemory, Where::kFile),
                         [](const auto& tested) {
                           return tested.param == Where::kFile ? "File"
                                                               : "Memory";
                         });

}  // namespace
}  // namespace appcache::threads_test
