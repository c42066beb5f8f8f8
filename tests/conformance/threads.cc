// Operations from many threads at once.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

constexpr int kThreads = 6;
constexpr int kRounds = 150;

// Runs `work(thread)` in all threads, which start together.
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

// A value is its key's name and a repeated letter: a reader recognises a value
// of another key, and one that was mixed from two.
TEST_P(ConformanceTest, AHitIsACompleteValueOfItsOwnKey) {
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string name = std::to_string((i * 5 + thread) % 4);
      const Key<std::string> key("shared", name);
      const char letter = static_cast<char>('a' + thread);
      switch ((i + thread) % 5) {
        case 0:
          if (!cache_->Set(key, name + std::string(3000, letter)).ok()) ++wrong;
          break;
        case 1:
          if (!cache_->Invalidate(key).ok()) ++wrong;
          break;
        case 2: {
          std::string seen;
          const Lookup<size_t> viewed =
              backend().ViewRaw("pyappcache/shared/" + name,
                                [&](std::string_view value) { seen = value; });
          if (viewed.has_error()) ++wrong;
          if (viewed && seen != name + std::string(3000, seen.back())) ++wrong;
          break;
        }
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

// A timed get must not combine the value of one set with the ttl of another.
TEST_P(ConformanceTest, ATimedGetReturnsTheTtlOfItsValue) {
  if (!cache_->Traits().supports_ttl_query) return;
  const Ttl most[] = {Units(10), Units(1000), kNoTtl};
  const auto is_wrong = [&](const Lookup<TimedBytes>& found) {
    if (!found) return found.has_error();
    const Ttl remaining = found->remaining_ttl;
    const Ttl set_with = most[found->value.view().front() - '0'];
    if (set_with == kNoTtl || remaining == kNoTtl) return remaining != set_with;
    return remaining > set_with || remaining + Units(2) < set_with;
  };
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      if (thread % 2 == 0) {
        const size_t kind = static_cast<size_t>(i + thread) % 3;
        const std::string value = std::to_string(kind) + std::string(3000, 'v');
        if (!backend().SetRaw("p/a", value, most[kind]).ok()) ++wrong;
        continue;
      }
      if (is_wrong(backend().GetTimedRaw("p/a"))) ++wrong;
      constexpr std::array<std::string_view, 2> kPaths = {"p/a", "p/a"};
      for (const auto& found : backend().GetManyTimedRaw(kPaths)) {
        if (is_wrong(found)) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(ConformanceTest, ClearRunsConcurrentlyWithSets) {
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

// In each round all threads add the same path. After an even round the entry
// expires or is removed, so that the next round adds it again.
TEST_P(ConformanceTest, OneOfManyConcurrentAddsSucceeds) {
  if (!cache_->Traits().supports_add) return;
  for (int round = 0; round < 20; ++round) {
    const std::string path = "p/" + std::to_string(round / 2);
    const bool expires = round % 4 == 0;
    std::atomic<int> added{0};
    std::atomic<int> wrong{0};
    std::atomic<int> winner{-1};
    InThreads([&](int thread) {
      const Result<bool> mine = backend().AddRaw(path, std::to_string(thread),
                                                 expires ? Units(2) : kNoTtl);
      if (!mine.ok()) {
        ++wrong;
      } else if (*mine) {
        ++added;
        winner = thread;
      }
      // A thread that was refused finds the entry.
      if (!backend().GetRaw(path)) ++wrong;
    });
    EXPECT_EQ(added, 1) << round;
    EXPECT_EQ(wrong, 0) << round;
    EXPECT_EQ(StoredAt(path), std::to_string(winner)) << round;
    if (expires) {
      PassTime(2);
    } else if (round % 2 == 0) {
      ASSERT_TRUE(backend().InvalidateRaw(path).ok());
    }
  }
}

// An entry that is set while its prefix is removed may be removed or not; other
// entries stay.
TEST_P(ConformanceTest, InvalidatePrefixRunsConcurrentlyWithSets) {
  if (!cache_->Traits().supports_prefix_invalidation) return;
  std::atomic<int> wrong{0};
  InThreads([&](int thread) {
    const std::string name = std::to_string(thread);
    for (int i = 0; i < kRounds; ++i) {
      const std::string value = std::to_string(i);
      if (thread == 0) {
        if (!backend().InvalidatePrefixRaw("p/").ok()) ++wrong;
        continue;
      }
      if (!backend().SetRaw("p/" + name, value, kNoTtl).ok()) ++wrong;
      if (!backend().SetRaw("q/" + name, value, kNoTtl).ok()) ++wrong;
      const std::string found = StoredAt("p/" + name);
      if (found != value && found != "<miss>") ++wrong;
      if (StoredAt("q/" + name) != value) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace appcache
