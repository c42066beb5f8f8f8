// Eight threads on one cache: whatever each of them sees is possible, nobody is
// ever busy for longer than the default timeout, and the limits are kept.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/hammer.h"
#include "tests/fault/history.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"

namespace appcache::concurrency_test {
namespace {

constexpr int kThreads = 8;
constexpr int kKeys = 24;

enum class Where { kMemory, kFile };

class ConcurrencyTest : public testing::TestWithParam<Where> {
 protected:
  std::unique_ptr<SqliteCache> Open(const Hammer::Plan& plan) const {
    SqliteCacheOptions options;
    options.max_entries = plan.max_entries;
    options.max_bytes = plan.max_bytes;
    // Often, so that they meet the rest.
    options.touch_flush_interval = std::chrono::milliseconds(1);
    options.touch_flush_count = 64;
    auto opened = GetParam() == Where::kFile
                      ? SqliteCache::OpenFile(path_, options)
                      : SqliteCache::OpenInMemory(options, "concurrency");
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // Hammers the cache through two objects from all threads.
  void HammerAndJudge(Hammer::Plan plan, Misses misses) {
    const int operations = GetParam() == Where::kFile ? 1000 : 2500;
    plan.operations = operations * TestScale();
    plan.keys = kKeys;
    const auto first = Open(plan);
    const auto second = Open(plan);
    ASSERT_TRUE(first && second);

    RandomSource random;
    std::vector<std::unique_ptr<Hammer>> hammers;
    for (int i = 0; i < kThreads; ++i) {
      plan.writer = static_cast<uint64_t>(i) + 1;
      plan.seed = random.Bits();
      hammers.push_back(
          std::make_unique<Hammer>(i % 2 == 0 ? *first : *second, plan));
    }
    std::vector<std::thread> threads;
    for (const auto& hammer : hammers) {
      threads.emplace_back([&hammer] { hammer->Run(); });
    }
    for (std::thread& thread : threads) thread.join();
    hammers.front()->ReadAll();

    std::vector<Event> events;
    for (const auto& hammer : hammers) {
      events.insert(events.end(), hammer->events().begin(),
                    hammer->events().end());
      for (const std::string& failure : hammer->failures()) {
        ADD_FAILURE() << failure;
      }
    }
    const std::vector<std::string> impossible = FindImpossible(events, misses);
    for (size_t i = 0; i < std::min<size_t>(impossible.size(), 10); ++i) {
      ADD_FAILURE() << impossible[i];
    }
    ExpectUsed(events, misses);
    const Result<CheckReport> report = first->Check();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->problems, std::vector<std::string>());
    EXPECT_LE(report->entries, plan.max_entries);
    if (plan.max_bytes) {
      EXPECT_LE(report->bytes, *plan.max_bytes);
    }
    EXPECT_EQ(first->Stats().evictions.value_or(0) > 0,
              misses == Misses::kAlways);
  }

  // The judge had something to judge.
  static void ExpectUsed(const std::vector<Event>& events, Misses misses) {
    const auto count = [&events](Event::Kind kind) {
      return std::count_if(events.begin(), events.end(),
                           [kind](const Event& e) { return e.kind == kind; });
    };
    EXPECT_GT(count(Event::Kind::kHit), kThreads * 100);
    EXPECT_GT(count(Event::Kind::kSet), kThreads * 100);
    EXPECT_GT(count(Event::Kind::kMiss), misses == Misses::kAlways ? 100 : 0);
  }

 private:
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
};

TEST_P(ConcurrencyTest, WithRoomForAllEveryReadIsPossible) {
  Hammer::Plan plan;
  plan.max_entries = kKeys;
  HammerAndJudge(plan, Misses::kOnlyWhenRemoved);
}

TEST_P(ConcurrencyTest, UnderPressureNoReadIsStaleAndTheLimitsAreKept) {
  Hammer::Plan plan;
  plan.max_entries = kKeys / 3;
  plan.max_bytes = 3000;
  HammerAndJudge(plan, Misses::kAlways);
}

INSTANTIATE_TEST_SUITE_P(Where, ConcurrencyTest,
                         testing::Values(Where::kMemory, Where::kFile),
                         [](const auto& tested) {
                           return tested.param == Where::kFile ? "File"
                                                               : "Memory";
                         });

}  // namespace
}  // namespace appcache::concurrency_test
