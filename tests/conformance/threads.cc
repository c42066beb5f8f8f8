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

// In each round all threads add one path. After an even one the entry has ended
// or is removed, and in the next round one of them adds again.
TEST_P(ConformanceTest, OfManyThreadsThatAddOneDoes) {
  if (!cache_->Traits().adds) return;
  for (int round = 0; round < 20; ++round) {
    const std::string path = "p/" + std::to_string(round / 2);
    const bool ends = round % 4 == 0;
    std::atomic<int> added{0};
    std::atomic<int> wrong{0};
    std::atomic<int> winner{-1};
    InThreads([&](int thread) {
      const Result<bool> mine = cache_->AddRaw(path, std::to_string(thread),
                                               ends ? Units(2) : kNoTtl);
      if (!mine.ok()) {
        ++wrong;
      } else if (*mine) {
        ++added;
        winner = thread;
      }
      // Whoever was refused finds what was added.
      if (!cache_->GetRaw(path)) ++wrong;
    });
    EXPECT_EQ(added, 1) << round;
    EXPECT_EQ(wrong, 0) << round;
    EXPECT_EQ(StoredAt(path), std::to_string(winner)) << round;
    if (ends) {
      PassTime(2);
    } else if (round % 2 == 0) {
      ASSERT_TRUE(cache_->InvalidateRaw(path).ok());
    }
  }
}

// What is set while a prefix is removed is there or not; what begins otherwise
// is.
TEST_P(ConformanceTest, APrefixMayBeRemovedAtAnyTime) {
  if (!cache_->Traits().invalidates_prefixes) return;
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    const std::string name = std::to_string(thread);
    for (int i = 0; i < kRounds; ++i) {
      const std::string value = std::to_string(i);
      if (thread == 0) {
        if (!cache_->InvalidatePrefixRaw("p/").ok()) ++wrong;
        continue;
      }
      if (!cache_->SetRaw("p/" + name, value, kNoTtl).ok()) ++wrong;
      if (!cache_->SetRaw("q/" + name, value, kNoTtl).ok()) ++wrong;
      const std::string found = StoredAt("p/" + name);
      if (found != value && found != "<miss>") ++wrong;
      if (StoredAt("q/" + name) != value) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace appcache
