// Threads that access a cache answer questions while others read the answers.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/record/stats_question.h"
#include "engine/record/stats_responder.h"
#include "tests/record/recorder.h"

namespace appcache::stats_threads_test {
namespace {

using internal::CacheAnswer;
using internal::StatsQuestion;
using internal::StatsResponder;

// Figures that belong together, so that a mixture is noticed.
CacheStats Figures(uint64_t number) {
  CacheStats stats;
  stats.hits = number;
  stats.lock_waits = number;
  stats.retired_bytes = number;
  return stats;
}

TEST(StatsThreadsTest, AnAnswerIsOfOneMoment) {
  MemoryRecorder ring;
  StatsResponder responder(*ring.layout, {"map", "p", "here"}, RecorderTestMs);
  std::atomic<uint64_t> next{1};
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!is_over) {
        responder.Answer([&] { return Figures(next.fetch_add(1)); });
        std::this_thread::yield();
      }
    });
  }
  uint64_t last = 0;
  for (int questions = 0; questions < 300; ++questions) {
    StatsQuestion question(*ring.layout);
    for (bool has_answered = false; !has_answered;) {
      question.Ask(recorder_test_ms);
      for (const CacheAnswer& answer : question.Answers()) {
        if (answer.status.Is(ErrorCode::kBusy)) continue;
        EXPECT_TRUE(answer.status.ok()) << answer.status.ToString();
        EXPECT_EQ(answer.names.location, "here");
        has_answered = answer.has_answered;
        if (!has_answered) continue;
        EXPECT_EQ(answer.stats.hits, answer.stats.lock_waits);
        EXPECT_EQ(answer.stats.hits, answer.stats.retired_bytes);
        // A question is not answered with what an earlier one was.
        EXPECT_GT(answer.stats.hits, last);
        last = answer.stats.hits;
      }
      std::this_thread::yield();
    }
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(next, 300u);
}

// Two commands, caches that come and go, and accesses.
TEST(StatsThreadsTest, CachesComeAndGoWhileCommandsAsk) {
  MemoryRecorder ring;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; !is_over; ++i) {
        StatsResponder responder(*ring.layout, {"map", "p", "there"},
                                 RecorderTestMs);
        responder.Answer([&] { return Figures(i); });
        responder.Answer([&] { return Figures(i); });
        std::this_thread::yield();
      }
    });
  }
  const auto command = [&] {
    for (int i = 0; i < 300; ++i) {
      StatsQuestion question(*ring.layout);
      question.Ask(recorder_test_ms);
      std::this_thread::yield();
      for (const CacheAnswer& answer : question.Answers()) {
        if (answer.status.Is(ErrorCode::kBusy)) continue;
        EXPECT_TRUE(answer.status.ok()) << answer.status.ToString();
        EXPECT_EQ(answer.names.location, "there");
        EXPECT_EQ(answer.stats.hits, answer.stats.lock_waits);
      }
    }
  };
  std::thread other(command);
  command();
  other.join();
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ring.layout->header.wanted, 0u);
}

}  // namespace
}  // namespace appcache::stats_threads_test
