// appcache stats --recorder: the statistics of a program while it runs.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "appcache/access_recorder.h"
#include "appcache/prometheus.h"
#include "appcache/sqlite_cache.h"
#include "engine/record/recorder_file.h"
#include "tests/command/command.h"

namespace appcache::command::program_stats_test {
namespace {

using Json = nlohmann::json;
using internal::RecorderFile;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Json> JsonLines(const std::string& text) {
  std::vector<Json> values;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    values.push_back(Json::parse(line));
  }
  return values;
}

// A program with a cache.
class Program {
 public:
  explicit Program(const std::string& recorder, const char* prefix = "app")
      : recorder_(*AccessRecorder::Create(recorder)),
        cache_(OpenCache(prefix)) {}

  std::unique_ptr<SqliteCache> OpenCache(const char* prefix) const {
    SqliteCacheOptions options;
    options.max_entries = 500;
    options.cache.prefix = prefix;
    options.cache.recorder = recorder_;
    return *SqliteCache::OpenInMemory(options);
  }

  SqliteCache& cache() { return *cache_; }
  std::string location() const { return cache_->Traits().location; }

  void Access() { (void)cache_->GetByStr<Bytes>("key"); }

  // Requests for 5,000 keys, some of which are more frequent.
  void DoRequests(int count) {
    for (int i = 0; i < count; ++i) {
      const double drawn =
          std::ldexp(static_cast<double>(random_() >> 11), -53);
      const Key<std::string> key("page",
                                 static_cast<int>(5000 * std::pow(drawn, 3)));
      if (!cache_->Get(key)) (void)cache_->Set(key, "value").ok();
    }
  }

 private:
  const std::shared_ptr<AccessRecorder> recorder_;
  const std::unique_ptr<SqliteCache> cache_;
  std::mt19937_64 random_{1};
};

// Waits until a command asks.
void AwaitQuestion(const RecorderFile& file) {
  AwaitThat([&] {
    return internal::QuestionOf(file.layout().header.wanted.load()) != 0;
  });
}

class ProgramStatsTest : public CommandTest {
 protected:
  Running StartStats(Words words, const Streams& streams = Streams()) {
    words.insert(words.begin(), {"stats", "--recorder", "cache.record"});
    return Start(words, streams);
  }

  RecorderFile Attached() const {
    return *RecorderFile::Attach(recorder_, RecorderFile::Use::kAsk);
  }

  // The output of stats, which `program` answers with its next access.
  Output Answered(Program& program, Words words) {
    words.push_back("--timeout=1h");
    const RecorderFile file = Attached();
    Running stats = StartStats(words);
    AwaitQuestion(file);
    program.Access();
    return stats.Wait();
  }

  const std::string recorder_ = Path("cache.record");
};

TEST_F(ProgramStatsTest, TheFiguresAreThoseOfTheProgram) {
  Program program(recorder_);
  program.DoRequests(20'000);
  const Output output = Answered(program, {"--json"});
  ASSERT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(output.err, "");
  const Json json = Json::parse(output.out);
  const CacheStats stats = program.cache().Stats();
  EXPECT_EQ(json["backend"], "sqlite");
  EXPECT_EQ(json["cache"], program.location());
  EXPECT_EQ(json["prefix"], "app");
  EXPECT_EQ(json["hits"], stats.hits);
  EXPECT_EQ(json["misses"], stats.misses);
  EXPECT_EQ(json["sets"], stats.sets);
  EXPECT_EQ(json["evictions"], *stats.evictions);
  EXPECT_EQ(json["entries"], 500);
  EXPECT_EQ(json["bytes"], *stats.bytes);
  EXPECT_EQ(json["error"], nullptr);
  ASSERT_TRUE(stats.hit_ratio_curve);
  const Json& curve = json["hit_ratio_curve"];
  EXPECT_EQ(curve["entries"], stats.hit_ratio_curve->entries);
  EXPECT_EQ(curve["samples"], stats.hit_ratio_curve->samples);
  ASSERT_EQ(curve["points"].size(), HitRatioCurve::kScales.size());
  for (size_t i = 0; i < curve["points"].size(); ++i) {
    const HitRatioCurve::Point& point = stats.hit_ratio_curve->points[i];
    EXPECT_EQ(curve["points"][i]["scale"], point.scale);
    EXPECT_EQ(curve["points"][i]["hit_percent"], 100 * point.hit_ratio);
  }
  EXPECT_LT(curve["points"][0]["hit_percent"],
            curve["points"][4]["hit_percent"]);
}

TEST_F(ProgramStatsTest, TheTextSaysWhatOtherSizesWouldHit) {
  Program program(recorder_);
  program.DoRequests(20'000);
  const Output output = Answered(program, {});
  ASSERT_EQ(output.status, 0) << output.err;
  const CacheStats stats = program.cache().Stats();
  ASSERT_TRUE(stats.hit_ratio_curve);
  static constexpr const char* kSizes[] = {"a quarter of", "half", nullptr,
                                           "twice", "four times"};
  for (size_t i = 0; i < HitRatioCurve::kScales.size(); ++i) {
    if (kSizes[i] == nullptr) continue;
    char ratio[32];
    std::snprintf(ratio, sizeof(ratio), "%.1f %%",
                  100 * stats.hit_ratio_curve->points[i].hit_ratio);
    EXPECT_TRUE(Contains(output.out, std::string("with ") + kSizes[i] +
                                         " the entries the hit ratio would "
                                         "be " +
                                         ratio + "\n"))
        << output.out;
  }
  EXPECT_TRUE(Contains(output.out, "prefix   app\n")) << output.out;
  EXPECT_TRUE(Contains(output.out, "reads    20001, hit ratio "));
}

// The program is another process, which prints its own statistics.
TEST_F(ProgramStatsTest, AnotherProcessAnswers) {
  const pid_t pid = fork();
  if (pid == 0) {
    Program program(recorder_);
    program.DoRequests(20'000);
    WriteFile("ready", "");
    const RecorderFile file = Attached();
    AwaitQuestion(file);
    program.Access();
    PrometheusText text(program.location() + ", prefix app");
    AddTo(text, program.cache().Stats());
    WriteFile("own.tmp", text.text());
    rename(Path("own.tmp").c_str(), Path("own").c_str());
    pause();
  }
  const Running program(pid, "", "");
  AwaitThat([&] { return std::filesystem::exists(Path("ready")); });
  const Output output = StartStats({"--prometheus", "--timeout=1h"}).Wait();
  EXPECT_EQ(output.status, 0) << output.err;
  AwaitThat([&] { return std::filesystem::exists(Path("own")); });
  EXPECT_TRUE(Contains(output.out, "appcache_estimated_hit_ratio{"));
  EXPECT_EQ(output.out, ReadFile("own"));
}

TEST_F(ProgramStatsTest, AProgramWithoutAnAccessIsAFailure) {
  Program program(recorder_);
  const Output output = StartStats({"--timeout=20ms"}).Wait();
  EXPECT_EQ(output.status, 3);
  EXPECT_EQ(output.out, "");
  EXPECT_TRUE(
      Contains(output.err, "process " + std::to_string(getpid()) +
                               " has not accessed the cache for 20.00 ms;"))
      << output.err;
  // Nobody asks any more.
  EXPECT_EQ(Attached().layout().header.wanted, 0u);
}

TEST_F(ProgramStatsTest, CachesThatAreNotAccessedAreListed) {
  Program program(recorder_);
  const auto idle = program.OpenCache("idle");
  // Again when the machine has stopped this process for longer than the
  // timeout.
  const auto ask = [&](Words words) {
    words.push_back("--timeout=300ms");
    Output output;
    for (int i = 0; i < 10 && output.status != 0; ++i) {
      Running stats = StartStats(words);
      std::atomic<bool> is_over{false};
      std::thread accesses([&] {
        while (!is_over) {
          program.Access();
          std::this_thread::yield();
        }
      });
      output = stats.Wait();
      is_over = true;
      accesses.join();
    }
    return output;
  };
  const Output output = ask({"--json"});
  ASSERT_EQ(output.status, 0) << output.err;
  const std::vector<Json> caches = JsonLines(output.out);
  ASSERT_EQ(caches.size(), 2u);
  EXPECT_EQ(caches[0]["prefix"], "app");
  EXPECT_EQ(caches[0]["error"], nullptr);
  EXPECT_GT(caches[0]["misses"], 0);
  EXPECT_EQ(caches[1]["prefix"], "idle");
  EXPECT_TRUE(Contains(caches[1]["error"], "has not accessed the cache"));
  EXPECT_EQ(caches[1]["misses"], nullptr);
  EXPECT_EQ(caches[1]["entries"], nullptr);
  const Output text = ask({});
  EXPECT_TRUE(Contains(text.out, "\n\ncache    ")) << text.out;
  EXPECT_TRUE(Contains(text.out, "prefix   idle\nerror    process "))
      << text.out;
  const Output metrics = ask({"--prometheus"});
  EXPECT_EQ(metrics.status, 0);
  EXPECT_TRUE(Contains(metrics.out, "prefix app\"} ")) << metrics.out;
  EXPECT_FALSE(Contains(metrics.out, "idle")) << metrics.out;
  EXPECT_TRUE(Contains(metrics.err, "has not accessed")) << metrics.err;
}

// Two caches of one place and prefix are two series.
TEST_F(ProgramStatsTest, EachCacheHasMetricsOfItsOwn) {
  Program program(recorder_);
  const auto same = program.OpenCache("app");
  const RecorderFile file = Attached();
  Running stats =
      StartStats({"--prometheus", "--names=micrometer", "--timeout=1h"});
  AwaitQuestion(file);
  program.Access();
  (void)same->GetByStr<Bytes>("key");
  const Output output = stats.Wait();
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_TRUE(Contains(output.out, ", prefix app\",name=")) << output.out;
  EXPECT_TRUE(Contains(output.out, ", prefix app, 2\",name="));
}

TEST_F(ProgramStatsTest, AKilledProgramIsAFailureAtOnce) {
  const pid_t pid = fork();
  if (pid == 0) {
    const Program program(recorder_);
    WriteFile("ready", "");
    pause();
  }
  const Running program(pid, "", "");
  AwaitThat([&] { return std::filesystem::exists(Path("ready")); });
  const RecorderFile file = Attached();
  Running stats = StartStats({"--timeout=1h"});
  AwaitQuestion(file);
  program.Signal(SIGKILL);
  const Output output = stats.Wait();
  EXPECT_EQ(output.status, 3);
  EXPECT_TRUE(Contains(output.err, "does not run")) << output.err;
  const Output later = StartStats({"--timeout=1h"}).Wait();
  EXPECT_EQ(later.status, 3);
  EXPECT_TRUE(Contains(later.err, "does not run")) << later.err;
}

TEST_F(ProgramStatsTest, ARecordingGoesOn) {
  Program program(recorder_);
  Running record = Start({"record", "cache.record", "trace", "--json",
                          "--sample=100%", "--requests=2"});
  const RecorderFile file = Attached();
  AwaitThat([&] {
    return internal::SessionOf(file.layout().header.wanted.load()) != 0;
  });
  EXPECT_EQ(Answered(program, {}).status, 0);
  program.Access();
  const Output output = record.Wait();
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(Json::parse(output.out)["gets"], 2);
}

TEST_F(ProgramStatsTest, AWatchOutlivesTheProgram) {
  auto program = std::make_unique<Program>(recorder_);
  Streams streams;
  streams.out = Path("out");
  Running stats =
      StartStats({"--watch=1ms", "--json", "--timeout=1h"}, streams);
  const auto await = [&](const std::function<bool(const Json&)>& condition) {
    AwaitThat([&] {
      if (program != nullptr) program->Access();
      const std::string text =
          std::filesystem::exists(Path("out")) ? ReadFile("out") : "";
      const size_t end = text.rfind('\n');
      if (end == std::string::npos) return false;
      return condition(JsonLines(text.substr(0, end)).back());
    });
  };
  await([](const Json& json) {
    return json["misses"] > 2 && !json["reads_per_s"].is_null();
  });
  program = nullptr;
  await([](const Json& json) {
    return !json["error"].is_null() &&
           Contains(json["error"], "does not run") && json["misses"].is_null();
  });
  program = std::make_unique<Program>(recorder_);
  await([](const Json& json) { return json["error"].is_null(); });
  stats.Signal(SIGINT);
  EXPECT_EQ(stats.Wait().status, 0);
}

TEST_F(ProgramStatsTest, ALineHasThePrefixAndThePoints) {
  Program program(recorder_);
  program.DoRequests(20'000);
  const Output output = Answered(program, {"--watch=1ms", "--count=1"});
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_TRUE(Contains(output.out, " prefix=\"app\" ")) << output.out;
  EXPECT_TRUE(Contains(output.out, " hit_percent_x0.25=")) << output.out;
  EXPECT_TRUE(Contains(output.out, " hit_percent_x4.0=")) << output.out;
}

TEST_F(ProgramStatsTest, ASignalEndsTheWaitOfAWatch) {
  const Program program(recorder_);
  const RecorderFile file = Attached();
  Running stats = StartStats({"--watch", "--timeout=1h"});
  AwaitQuestion(file);
  stats.Signal(SIGTERM);
  const Output output = stats.Wait();
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.err, "");
}

// Another process has written to the file what it should not.
TEST_F(ProgramStatsTest, ADamagedAnswerIsAFailure) {
  Program program(recorder_);
  const RecorderFile file = Attached();
  file.layout().stats[0].words[3] ^= 1;
  Running stats = StartStats({"--timeout=20ms"});
  const Output output = stats.Wait();
  EXPECT_EQ(output.status, 3);
  EXPECT_TRUE(Contains(output.err, "damaged")) << output.err;
  // The next answer replaces it.
  EXPECT_EQ(Answered(program, {}).status, 0);
}

TEST_F(ProgramStatsTest, ErrorsSayWhatIsWrong) {
  const auto error = [&](const Words& words, int status, const char* part) {
    Words all = {"stats"};
    all.insert(all.end(), words.begin(), words.end());
    const Output output = Run(all);
    EXPECT_EQ(output.status, status) << output.err;
    EXPECT_TRUE(Contains(output.err, part)) << output.err;
  };
  error({"--recorder=cache.record"}, 3, "there is no recorder file");
  WriteFile("text", "no recorder\n");
  error({"--recorder=text"}, 3, "is not a recorder file");
  WriteFile("old", "appcache rec 1\n" + std::string(8192, '\0'));
  error({"--recorder=old"}, 3, "is of another version of appcache");
  error({"--recorder=text", "--cache=x.db"}, 2, "cannot be combined");
  error({"--timeout=1s"}, 2, "--timeout requires --recorder");
  error({"--recorder=text", "--timeout=2h"}, 2, "from 1ms to 1h");
  error({"--recorder=text", "--timeout=0"}, 2, "from 1ms to 1h");
  const auto recorder = AccessRecorder::Create(recorder_);
  ASSERT_TRUE(recorder.ok());
  error({"--recorder=cache.record", "--timeout=20ms"}, 3,
        "has no cache with this recorder");
}

}  // namespace
}  // namespace appcache::command::program_stats_test
