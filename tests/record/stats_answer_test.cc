// The question of `appcache stats`, and the answers of the caches of a program.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/access_recorder.h"
#include "appcache/prometheus.h"
#include "engine/record/stats_question.h"
#include "engine/record/stats_responder.h"
#include "engine/support/test_point.h"
#include "tests/record/recorder.h"
#include "tests/support/in_child.h"
#include "tests/support/map_cache.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace appcache::stats_answer_test {
namespace {

using internal::CacheAnswer;
using internal::RecorderFile;
using internal::StatsQuestion;
using internal::StatsResponder;

std::string TextOf(const CacheStats& stats) {
  PrometheusText text("cache");
  AddTo(text, stats);
  return text.text();
}

// A map that counts the calls of Stats.
class CountingBackend : public MapBackend {
 public:
  CacheStats Stats() const override {
    ++calls;
    if (on_stats) on_stats();
    CacheStats stats;
    stats.hits = 10 * calls;
    stats.entries = 5;
    HitRatioCurve& curve = stats.hit_ratio_curve.emplace();
    for (size_t i = 0; i < curve.points.size(); ++i) {
      curve.points[i] = {HitRatioCurve::kScales[i], 0.5};
    }
    return stats;
  }

  mutable uint64_t calls = 0;
  std::function<void()> on_stats;
};

class StatsAnswerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Cache> MakeCache(
      std::shared_ptr<Backend> backend = std::make_shared<MapBackend>(),
      std::string prefix = "p") const {
    CacheOptions options;
    options.prefix = std::move(prefix);
    options.recorder = recorder_;
    return std::make_unique<Cache>(std::move(backend), options);
  }

  internal::RecorderLayout& layout() const { return file_.layout(); }
  // A lease that a slow machine does not reach.
  static void Ask(StatsQuestion& question) {
    question.Ask(internal::MachineMilliseconds() + 1'000'000);
  }

  static void Access(Cache& cache) { (void)cache.GetByStr<Bytes>("key"); }

  size_t Answered(const StatsQuestion& question) const {
    size_t count = 0;
    for (const CacheAnswer& answer : question.Answers()) {
      EXPECT_TRUE(answer.status.ok()) << answer.status.ToString();
      count += answer.has_answered ? 1 : 0;
    }
    return count;
  }

  const TempDir dir_;
  const std::shared_ptr<AccessRecorder> recorder_ =
      *AccessRecorder::Create(dir_.path() + "/record");
  const RecorderFile file_ =
      *RecorderFile::Attach(dir_.path() + "/record", RecorderFile::Use::kAsk);
};

TEST_F(StatsAnswerTest, TheNextAccessAnswers) {
  const auto backend = std::make_shared<CountingBackend>();
  const auto cache = MakeCache(backend, "one");
  Access(*cache);
  StatsQuestion question(layout());
  Ask(question);
  std::vector<CacheAnswer> answers = question.Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0].has_answered);
  EXPECT_EQ(answers[0].names.backend, "map");
  EXPECT_EQ(answers[0].names.prefix, "one");
  EXPECT_EQ(backend->calls, 0u);
  EXPECT_FALSE(recorder_->is_recording());
  Access(*cache);
  answers = question.Answers();
  ASSERT_TRUE(answers[0].has_answered);
  EXPECT_EQ(answers[0].stats.hits, 10u);
  EXPECT_EQ(answers[0].stats.entries, 5u);
  EXPECT_FALSE(answers[0].stats.bytes);
  EXPECT_EQ(answers[0].stats.hit_ratio_curve->points[4].hit_ratio, 0.5);
}

TEST_F(StatsAnswerTest, TheAnswerHasTheFiguresOfStats) {
  const auto cache = MakeCache();
  StatsQuestion question(layout());
  Ask(question);
  const Key<std::string> key("key");
  EXPECT_EQ(cache->GetVia(key, [] { return "value"; }), "value");
  // The miss has answered; its load is counted after that.
  StatsQuestion later(layout());
  Ask(later);
  Access(*cache);
  const auto answers = later.Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].stats.loads, 1u);
  EXPECT_EQ(TextOf(answers[0].stats), TextOf(cache->Stats()));
}

TEST_F(StatsAnswerTest, EveryKindOfAccessAnswers) {
  const auto cache = MakeCache();
  const Key<std::string> key("key");
  using Entry = std::pair<Key<std::string>, std::string>;
  LoadOptions timed;
  timed.ttl = std::chrono::hours(1);
  timed.stale_for = std::chrono::hours(1);
  const std::vector<std::function<void()>> accesses = {
      [&] { (void)cache->Get(key); },
      [&] { (void)cache->Read(key, [](std::string_view) {}); },
      [&] { (void)cache->GetMany({key}); },
      [&] { (void)cache->Set(key, "1").ok(); },
      [&] { (void)cache->SetMany({Entry(key, "1")}).ok(); },
      [&] { (void)cache->Invalidate(key).ok(); },
      [&] { (void)cache->InvalidateMany({key}).ok(); },
      [&] { (void)cache->GetVia(key, [] { return "2"; }); },
      [&] {
        (void)cache->GetVia(
            key, [] { return "2"; }, timed);
      },
      [&] {
        (void)cache->GetManyVia({key},
                                [](std::span<const Key<std::string>> keys) {
                                  return std::vector<std::string>(keys.size());
                                });
      },
  };
  for (size_t i = 0; i < accesses.size(); ++i) {
    StatsQuestion question(layout());
    Ask(question);
    EXPECT_EQ(Answered(question), 0u) << i;
    accesses[i]();
    EXPECT_EQ(Answered(question), 1u) << i;
  }
}

TEST_F(StatsAnswerTest, AQuestionIsAnsweredOnce) {
  const auto backend = std::make_shared<CountingBackend>();
  const auto cache = MakeCache(backend);
  for (uint64_t round = 1; round <= 3; ++round) {
    StatsQuestion question(layout());
    Ask(question);
    for (int i = 0; i < 5; ++i) Access(*cache);
    EXPECT_EQ(backend->calls, round);
    EXPECT_EQ(question.Answers()[0].stats.hits, 10 * round);
  }
  Access(*cache);
  EXPECT_EQ(backend->calls, 3u);
}

TEST_F(StatsAnswerTest, EachCacheAnswersForItself) {
  const auto first = MakeCache(std::make_shared<MapBackend>(), "one");
  const auto second = MakeCache(std::make_shared<CountingBackend>(), "two");
  StatsQuestion question(layout());
  Ask(question);
  Access(*second);
  const auto answers = question.Answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].names.prefix, "one");
  EXPECT_FALSE(answers[0].has_answered);
  EXPECT_EQ(answers[1].names.prefix, "two");
  EXPECT_TRUE(answers[1].has_answered);
  EXPECT_EQ(answers[1].stats.hits, 10u);
  Access(*first);
  EXPECT_EQ(Answered(question), 2u);
}

TEST_F(StatsAnswerTest, ACacheThatIsGoneIsNotListed) {
  auto cache = MakeCache();
  const auto other = MakeCache(std::make_shared<MapBackend>(), "other");
  StatsQuestion question(layout());
  Ask(question);
  Access(*cache);
  cache = nullptr;
  const auto answers = question.Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].names.prefix, "other");
  // Its slot is used again, and has nothing of it.
  cache = MakeCache(std::make_shared<MapBackend>(), "new");
  EXPECT_EQ(question.Answers().size(), 2u);
  EXPECT_EQ(Answered(question), 0u);
}

TEST_F(StatsAnswerTest, CachesWithoutASlotAreCounted) {
  std::vector<std::unique_ptr<Cache>> caches;
  for (size_t i = 0; i < internal::kStatsSlots; ++i) {
    caches.push_back(MakeCache());
  }
  StatsQuestion question(layout());
  EXPECT_EQ(question.unlisted(), 0u);
  caches.push_back(MakeCache());
  EXPECT_EQ(question.unlisted(), 1u);
  Ask(question);
  for (const auto& cache : caches) Access(*cache);
  EXPECT_EQ(Answered(question), internal::kStatsSlots);
  caches.pop_back();
  EXPECT_EQ(question.unlisted(), 0u);
}

TEST_F(StatsAnswerTest, ARecordingGoesOn) {
  const auto cache = MakeCache();
  internal::RingReader reader(layout());
  const uint64_t now = internal::MachineMilliseconds();
  ASSERT_TRUE(reader.Start({}, now).ok());
  reader.Renew(now + 1'000'000);
  {
    StatsQuestion question(layout());
    Ask(question);
    EXPECT_TRUE(recorder_->is_recording());
    Access(*cache);
    EXPECT_EQ(Answered(question), 1u);
  }
  Access(*cache);
  std::vector<internal::AccessRecord> records;
  ASSERT_TRUE(reader.Read(0, false, 10, records).ok());
  EXPECT_EQ(records.size(), 2u);
  // Its start and its end leave a question as it is.
  StatsQuestion question(layout());
  Ask(question);
  reader.Stop();
  ASSERT_TRUE(reader.Start({}, now).ok());
  reader.Stop();
  EXPECT_FALSE(recorder_->is_recording());
  Access(*cache);
  EXPECT_EQ(Answered(question), 1u);
}

TEST_F(StatsAnswerTest, AWithdrawnQuestionIsNotAnswered) {
  const auto backend = std::make_shared<CountingBackend>();
  const auto cache = MakeCache(backend);
  {
    StatsQuestion question(layout());
    Ask(question);
    EXPECT_NE(layout().header.wanted, 0u);
  }
  EXPECT_EQ(layout().header.wanted, 0u);
  Access(*cache);
  EXPECT_EQ(backend->calls, 0u);
}

// Of two commands that ask at the same time, each gets an answer, whoever is
// the first to go.
TEST_F(StatsAnswerTest, TwoCommandsMayAsk) {
  const auto cache = MakeCache();
  const auto idle = MakeCache();
  StatsQuestion first(layout());
  Ask(first);
  {
    StatsQuestion second(layout());
    Ask(second);
    Access(*cache);
    EXPECT_EQ(Answered(first), 1u);
    EXPECT_EQ(Answered(second), 1u);
  }
  Access(*idle);
  EXPECT_EQ(Answered(first), 1u);  // the second has withdrawn its question
  Ask(first);
  Access(*idle);
  EXPECT_EQ(Answered(first), 2u);
  {
    StatsQuestion third(layout());
    Ask(third);
    EXPECT_EQ(Answered(third), 0u);
  }
}

TEST_F(StatsAnswerTest, NumbersOfQuestionsWrapAround) {
  const auto cache = MakeCache();
  layout().header.last_question = UINT32_MAX - 2;
  for (int i = 0; i < 5; ++i) {
    StatsQuestion question(layout());
    Ask(question);
    EXPECT_EQ(Answered(question), 0u) << i;
    Access(*cache);
    EXPECT_EQ(Answered(question), 1u) << i;
  }
}

// Stats() of a backend may use the cache.
TEST_F(StatsAnswerTest, AnAccessWithinAnAnswerDoesNotAnswer) {
  const auto backend = std::make_shared<CountingBackend>();
  const auto cache = MakeCache(backend);
  backend->on_stats = [&] { Access(*cache); };
  StatsQuestion question(layout());
  Ask(question);
  Access(*cache);
  EXPECT_EQ(backend->calls, 1u);
  EXPECT_EQ(Answered(question), 1u);
}

TEST_F(StatsAnswerTest, StatsThatThrowAreEmpty) {
  const auto backend = std::make_shared<CountingBackend>();
  const auto cache = MakeCache(backend);
  backend->on_stats = [] { throw std::bad_alloc(); };
  StatsQuestion question(layout());
  Ask(question);
  Access(*cache);
  ASSERT_EQ(Answered(question), 1u);
  EXPECT_FALSE(question.Answers()[0].stats.entries);
}

TEST_F(StatsAnswerTest, AChildAnswersForItsOwnCachesOnly) {
  const auto backend = std::make_shared<CountingBackend>();
  auto cache = MakeCache(backend, "parent");
  StatsQuestion question(layout());
  Ask(question);
  EXPECT_EQ(InChild([&] {
              Access(*cache);
              if (backend->calls != 0) return std::string("answered");
              const auto own = MakeCache(std::make_shared<MapBackend>(), "own");
              Access(*own);
              const auto answers = question.Answers();
              cache = nullptr;
              const bool is_right = answers.size() == 2 &&
                                    !answers[0].has_answered &&
                                    answers[1].has_answered;
              return std::string(is_right ? "" : "wrong answers");
            }),
            "");
  // The child had a copy of the cache, and has destroyed it.
  EXPECT_EQ(question.Answers().size(), 1u);
  Access(*cache);
  EXPECT_EQ(Answered(question), 1u);
}

TEST_F(StatsAnswerTest, SlotsOfChildrenThatWereKilledAreUsedAgain) {
  const pid_t child = fork();
  if (child == 0) {
    for (size_t i = 0; i < internal::kStatsSlots; ++i) {
      (void)MakeCache(std::make_shared<MapBackend>(), "dead").release();
    }
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const auto cache = MakeCache(std::make_shared<MapBackend>(), "alive");
  StatsQuestion question(layout());
  EXPECT_EQ(question.unlisted(), 0u);
  // The slots that are still those of the child are not waited for.
  EXPECT_EQ(question.Answers().size(), 1u);
  Ask(question);
  Access(*cache);
  EXPECT_EQ(Answered(question), 1u);
}

// A clock of the test.
class StatsLeaseTest : public ::testing::Test {
 protected:
  void Answer(StatsResponder& responder) {
    responder.Answer([&] {
      ++calls_;
      return CacheStats();
    });
  }

  MemoryRecorder ring_;
  internal::RecorderLayout& layout_ = *ring_.layout;
  StatsResponder responder_{layout_, {"map", "p", ""}, RecorderTestMs};
  int calls_ = 0;
};

// A command that was killed has not withdrawn its question.
TEST_F(StatsLeaseTest, AnAccessWithdrawsAnExpiredQuestion) {
  auto killed = std::make_unique<StatsQuestion>(layout_);
  killed->Ask(recorder_test_ms);
  Answer(responder_);
  recorder_test_ms += StatsQuestion::kLeaseMs;
  Answer(responder_);
  EXPECT_NE(layout_.header.wanted, 0u);
  killed->Ask(recorder_test_ms);  // keeps it alive
  recorder_test_ms += StatsQuestion::kLeaseMs;
  Answer(responder_);
  EXPECT_NE(layout_.header.wanted, 0u);
  recorder_test_ms += 1;
  Answer(responder_);
  EXPECT_EQ(layout_.header.wanted, 0u);
  EXPECT_EQ(calls_, 1);
  // A new question is not that one.
  StatsQuestion question(layout_);
  question.Ask(recorder_test_ms);
  killed = nullptr;
  EXPECT_NE(layout_.header.wanted, 0u);
  Answer(responder_);
  EXPECT_EQ(calls_, 2);
}

TEST_F(StatsLeaseTest, ACacheWithoutASlotWithdrawsAnExpiredQuestionToo) {
  std::vector<std::unique_ptr<StatsResponder>> others;
  for (size_t i = 0; i < internal::kStatsSlots; ++i) {
    others.push_back(std::make_unique<StatsResponder>(
        layout_, internal::CacheNames(), RecorderTestMs));
  }
  StatsQuestion question(layout_);
  question.Ask(recorder_test_ms);
  Answer(*others.back());
  EXPECT_NE(layout_.header.wanted, 0u);
  recorder_test_ms += StatsQuestion::kLeaseMs + 1;
  Answer(*others.back());
  EXPECT_EQ(layout_.header.wanted, 0u);
  EXPECT_EQ(calls_, 0);
}

// Whatever is in the file, the command reads it, and the program goes on.
TEST_F(StatsLeaseTest, RandomContentsHarmNobody) {
  RandomSource random(1);
  auto* const bytes = reinterpret_cast<unsigned char*>(&layout_);
  constexpr size_t kSize = offsetof(internal::RecorderLayout, slots);
  for (int round = 0; round < 200; ++round) {
    for (size_t i = 0; i < kSize; ++i) {
      bytes[i] = static_cast<unsigned char>(random.Bits());
    }
    StatsQuestion question(layout_);
    EXPECT_EQ(question.Answers().size() <= internal::kStatsSlots, true);
    question.Ask(recorder_test_ms);
    Answer(responder_);
    const StatsResponder other(layout_, {"map", "q", ""}, RecorderTestMs);
    for (const CacheAnswer& answer : question.Answers()) {
      EXPECT_LE(answer.names.location.size(), 512u);
    }
  }
}

#ifndef NDEBUG

// Killed in the middle of an answer: what is there is not taken for one, and
// the next owner of the slot repairs it.
TEST_F(StatsAnswerTest, AHalfWrittenAnswerOfAKilledChildIsNotRead) {
  StatsQuestion question(layout());
  Ask(question);
  const pid_t child = fork();
  if (child == 0) {
    const auto cache = MakeCache();
    internal::test_point_handler = [](const char* reached) noexcept {
      if (std::strcmp(reached, "stats half written") == 0) raise(SIGKILL);
    };
    Access(*cache);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(question.Answers().size(), 0u);
  std::vector<std::unique_ptr<Cache>> caches;
  for (size_t i = 0; i < internal::kStatsSlots; ++i) {
    caches.push_back(MakeCache());
  }
  EXPECT_EQ(question.unlisted(), 0u);
  for (const auto& cache : caches) Access(*cache);
  EXPECT_EQ(Answered(question), internal::kStatsSlots);
}

// While a thread answers, another one that accesses the cache does not wait.
TEST_F(StatsAnswerTest, OtherThreadsDoNotWaitForAnAnswerButTheCommandDoes) {
  static internal::RecorderLayout* file = nullptr;
  static Cache* other = nullptr;
  static int reached_count = 0;
  const auto backend = std::make_shared<CountingBackend>();
  const auto first = MakeCache();
  const auto cache = MakeCache(backend);
  file = &layout();
  other = cache.get();
  reached_count = 0;
  StatsQuestion question(layout());
  Ask(question);
  Access(*first);
  EXPECT_FALSE(internal::HaveAllAnswered(question.Answers()));
  // Runs in the middle of the answer what another thread would run.
  internal::test_point_handler = [](const char* reached) noexcept {
    if (std::strcmp(reached, "stats half written") != 0) return;
    ++reached_count;
    Access(*other);
    const StatsQuestion reader(*file);
    const auto answers = reader.Answers();
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_TRUE(answers[0].has_answered);
    EXPECT_TRUE(answers[1].status.Is(ErrorCode::kBusy));
    // The command goes on waiting for the second.
    EXPECT_FALSE(internal::HaveAllAnswered(answers));
  };
  Access(*cache);
  internal::test_point_handler = nullptr;
  EXPECT_EQ(reached_count, 1);
  EXPECT_EQ(backend->calls, 1u);
  EXPECT_TRUE(internal::HaveAllAnswered(question.Answers()));
}

#endif  // NDEBUG

}  // namespace
}  // namespace appcache::stats_answer_test
