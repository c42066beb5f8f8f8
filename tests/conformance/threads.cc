// Every backend from many threads at once.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/cache.h"
#include "tests/conformance/conformance.h"

namespace appcache {
namespace {

constexpr int kThreads = 6;
constexpr int kRounds = 150;

// Runs `work(thread)` in all threads, which begin together.
void InThreads(const std::function<void(int thread)>& work) {
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      begin.arrive_and_wait();
      work(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(ConformanceTest, EachThreadSeesItsOwnWrites) {
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    const Key<int> key("of thread", thread);
    for (int i = 0; i < kRounds; ++i) {
      if (!cache_->Set(key, i).ok()) ++wrong;
      if (cache_->Get(key).value_or(-1) != i) ++wrong;
      if (i % 3 == 0) {
        if (!cache_->Invalidate(key).ok()) ++wrong;
        if (cache_->Get(key)) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

// A value is its key's name and a letter, repeated: a reader can tell a value
// of another key, and one that is put together of two.
TEST_P(ConformanceTest, AHitIsAWholeValueOfItsOwnKey) {
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string name = std::to_string((i * 5 + thread) % 4);
      const Key<std::string> key("shared", name);
      const char letter = static_cast<char>('a' + thread);
      switch ((i + thread) % 4) {
        case 0:
          if (!cache_->Set(key, name + std::string(3000, letter)).ok()) ++wrong;
          break;
        case 1:
          if (!cache_->Invalidate(key).ok()) ++wrong;
          break;
        default: {
          const Lookup<std::string> found = cache_->Get(key);
          if (found.has_error()) ++wrong;
          if (found && *found != name + std::string(3000, found->back())) {
            ++wrong;
          }
        }
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

// A value is there with the ttl that it was set with, not with that of another
// one that came in between.
TEST_P(ConformanceTest, ATimedGetTellsTheTtlOfTheValueThatItYields) {
  if (!cache_->Traits().tells_ttl) return;
  const Ttl most[] = {Units(10), Units(1000), kNoTtl};
  const auto is_wrong = [&](const Lookup<TimedBytes>& found) {
    if (!found) return found.has_error();
    const Ttl told = found->left;
    const Ttl set_with = most[found->value.view().front() - '0'];
    if (set_with == kNoTtl || told == kNoTtl) return told != set_with;
    return told > set_with || told + Units(2) < set_with;
  };
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      if (thread % 2 == 0) {
        const size_t kind = static_cast<size_t>(i + thread) % 3;
        const std::string value = std::to_string(kind) + std::string(3000, 'v');
        if (!cache_->SetRaw("p/a", value, most[kind]).ok()) ++wrong;
        continue;
      }
      if (is_wrong(cache_->GetTimedRaw("p/a"))) ++wrong;
      constexpr std::array<std::string_view, 2> kPaths = {"p/a", "p/a"};
      for (const auto& found : cache_->GetManyTimedRaw(kPaths)) {
        if (is_wrong(found)) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(ConformanceTest, AClearMayComeAtAnyTime) {
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    const Key<int> key("of thread", thread);
    for (int i = 0; i < kRounds; ++i) {
      if (thread == 0) {
        if (!cache_->Clear().ok()) ++wrong;
      } else {
        if (!cache_->Set(key, i).ok()) ++wrong;
        const Lookup<int> found = cache_->Get(key);
        if (found.has_error() || found.value_or(i) != i) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(ConformanceTest, OfManyThreadsThatAddOneDoes) {
  if (!cache_->Traits().adds) return;
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const Result<bool> mine =
          cache_->AddRaw("p/a", std::to_string(t), kNoTtl);
      if (mine.ok() && *mine) ++added;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 1);
}

}  // namespace
}  // namespace appcache
