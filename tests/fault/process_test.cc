// Several processes on one cache file.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/hammer.h"
#include "tests/fault/history.h"
#include "tests/support/child_process.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"

namespace appcache::process_test {
namespace {

constexpr int kKeys = 24;

class ProcessTest : public testing::Test {
 protected:
  // Two processes of eight threads each hammer the file.
  void HammerAndJudge(uint64_t max_entries, Misses misses) {
    const int operations = 500 * TestScale();
    RandomSource random;
    std::vector<std::unique_ptr<ChildProcess>> processes;
    for (int i = 0; i < 2; ++i) {
      const std::vector<std::string> arguments = {
          "hammer",
          path_,
          EventsPath(i),
          std::to_string(kKeys),
          std::to_string(max_entries),
          std::to_string(operations),
          std::to_string(100 * (i + 1)),
          std::to_string(random.Below(1 << 30))};
      processes.push_back(std::make_unique<ChildProcess>(arguments));
    }
    for (const auto& process : processes) {
      EXPECT_EQ(process->ReadLine(), "ready");
    }
    for (const auto& process : processes) process->WriteLine("go");
    for (const auto& process : processes) {
      EXPECT_EQ(process->ReadAll(), std::vector<std::string>());
      EXPECT_EQ(process->Wait(), 0);
    }

    SqliteCacheOptions options;
    options.max_entries = max_entries;
    const auto cache = SqliteCache::OpenFile(path_, options);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    const Result<CheckReport> report = (*cache)->Check();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->problems, std::vector<std::string>());
    EXPECT_LE(report->entries, max_entries);

    // What is there at the end is part of the history.
    Hammer last(**cache, {.keys = kKeys});
    last.ReadAll();
    EXPECT_EQ(last.failures(), std::vector<std::string>());
    std::vector<Event> events = last.events();
    for (int i = 0; i < 2; ++i) ReadEvents(EventsPath(i), events);
    EXPECT_GT(events.size(), static_cast<size_t>(operations));
    const std::vector<std::string> impossible = FindImpossible(events, misses);
    for (size_t i = 0; i < std::min<size_t>(impossible.size(), 10); ++i) {
      ADD_FAILURE() << impossible[i];
    }
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";

 private:
  std::string EventsPath(int i) const {
    return directory_.path() + "/events" + std::to_string(i);
  }

  static void ReadEvents(const std::string& path, std::vector<Event>& events) {
    std::ifstream file(path, std::ios::binary);
    Event event;
    while (file.read(reinterpret_cast<char*>(&event), sizeof(event))) {
      events.push_back(event);
    }
  }
};

TEST_F(ProcessTest, WithRoomForAllNoAcknowledgedSetIsLost) {
  HammerAndJudge(kKeys, Misses::kOnlyWhenRemoved);
}

TEST_F(ProcessTest, UnderPressureNoReadIsStaleAndTheLimitsAreKept) {
  HammerAndJudge(kKeys / 3, Misses::kAlways);
}

}  // namespace
}  // namespace appcache::process_test
