// E6: kill -9 at any moment leaves a file that opens, with no wrong value, and
// every acknowledged set and invalidate in it.
//
// A child works on a file; this process reads from a pipe what it has done, and
// kills it after so many steps. The file must then hold what those steps make,
// or those and the one step more that was in progress. The next child goes on
// with the same file. For more than the usual 100 kills:
//
//   bazel test //tests/engine:kill_test --test_env=APPCACHE_KILLS=5000

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/kill_script.h"
#include "tests/engine/lru_model.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"
#include "tests/support/random.h"

extern char** environ;

namespace appcache {
namespace {

constexpr int kPipeInChild = 3;
constexpr uint64_t kMostSteps = 200;

int Kills() {
  const char* const asked = std::getenv("APPCACHE_KILLS");
  return asked != nullptr ? std::stoi(asked) : 50;
}

class Child {
 public:
  Child(const std::string& file, KillMix mix, uint64_t seed) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    from_child_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], kPipeInChild);
    std::vector<std::string> words = {
        std::getenv("KILL_CHILD"), file, std::to_string(static_cast<int>(mix)),
        std::to_string(seed), std::to_string(kPipeInChild)};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&process_, arguments[0], &actions, nullptr,
                          arguments.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }

  // Kills it when it has told so many times of progress. Returns how often it
  // did by its end.
  uint64_t KillAfter(uint64_t tellings) {
    uint64_t told = 0;
    char byte;
    while (told < tellings && read(from_child_, &byte, 1) == 1) ++told;
    EXPECT_EQ(kill(process_, SIGKILL), 0);
    while (read(from_child_, &byte, 1) == 1) ++told;
    close(from_child_);
    int status = 0;
    EXPECT_EQ(waitpid(process_, &status, 0), process_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
    return told;
  }

 private:
  pid_t process_ = 0;
  int from_child_ = -1;
};

// What the file holds, and in what order it was used.
struct Contents {
  std::map<std::string, std::string> values;
  std::vector<std::string> order;

  bool operator==(const Contents&) const = default;
};

Contents Of(const LruModel& model) {
  Contents contents{{}, model.VisibleOrder()};
  for (const auto& [path, entry] : model.AllVisible()) {
    contents.values[path] = entry.value;
  }
  return contents;
}

Contents Of(SqliteCache& cache) {
  Contents contents;
  std::map<TimePoint, std::string> by_use;
  EXPECT_TRUE(cache
                  .ForEachEntry([&](const StoredEntry& entry) {
                    contents.values[entry.info.path] = entry.value.view();
                    by_use[entry.info.last_used] = entry.info.path;
                    return true;
                  })
                  .ok());
  for (const auto& [time, path] : by_use) contents.order.push_back(path);
  return contents;
}

class KillTest : public testing::TestWithParam<KillMix> {
 protected:
  KillTest() : options_(KillOptions(GetParam())) {
    options_.cache = log_.options();
  }

  // Opens the file after a kill, verifies it, and takes its contents.
  Contents Inspect() {
    SqliteCache::Opened cache =
        SqliteCache::OpenFile(scratch_.Path("cache.db"), options_);
    EXPECT_TRUE(cache.ok()) << cache.status().ToString();
    if (!cache.ok()) return Contents();
    const Result<CheckReport> report = (*cache)->Check();
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    if (report.ok()) {
      EXPECT_EQ(report->problems, std::vector<std::string>());
    }
    EXPECT_EQ(log_.lines(), std::vector<std::string>());
    const Contents contents = Of(**cache);
    const CacheStats stats = (*cache)->Stats();
    EXPECT_EQ(stats.entries, contents.values.size());
    EXPECT_LE(stats.entries, options_.max_entries);
    EXPECT_LE(stats.bytes, options_.max_bytes.value_or(INT64_MAX));
    return contents;
  }

  const Scratch scratch_;
  CapturedLog log_;
  SqliteCacheOptions options_;
};

TEST_P(KillTest, EveryAcknowledgedStepAndAtMostOneMoreIsInTheFile) {
  RandomSource random;
  LruModel model({options_.max_entries, options_.max_bytes});
  for (int kills = 0; kills < Kills() / 2 && !HasFailure(); ++kills) {
    SCOPED_TRACE("kill " + std::to_string(kills));
    const uint64_t seed = random.Bits();
    Child child(scratch_.Path("cache.db"), GetParam(), seed);
    // A quarter of them while they start and open the file.
    const uint64_t tellings =
        random.Below(4) == 0 ? random.Below(3) : random.Below(kMostSteps);
    const uint64_t told = child.KillAfter(tellings);

    KillScript script(GetParam(), seed);
    for (uint64_t step = 2; step < told; ++step) script.Next().Do(model);
    const Contents found = Inspect();
    if (told >= 2 && found.values != Of(model).values) script.Next().Do(model);
    EXPECT_EQ(found.values, Of(model).values);
    // What only a get moved may be lost, and is not in the model.
    if (GetParam() == KillMix::kEvicting) {
      EXPECT_EQ(found.order, Of(model).order);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Mixes, KillTest,
                         testing::Values(KillMix::kEvicting, KillMix::kReading),
                         [](const testing::TestParamInfo<KillMix>& info) {
                           return info.param == KillMix::kEvicting
                                      ? "WhileEvicting"
                                      : "WhileReading";
                         });

}  // namespace
}  // namespace appcache
