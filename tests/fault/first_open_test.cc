// Several processes open a file that is not there yet, or one of an older
// build, to which the first adds the column for checksums.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"

namespace appcache::first_open_test {
namespace {

std::unique_ptr<ChildProcess> ReadyTo(const std::string& open,
                                      const std::string& path,
                                      const std::string& key) {
  auto process =
      std::make_unique<ChildProcess>(std::vector<std::string>{open, path, key});
  EXPECT_EQ(process->ReadLine(), "ready");
  return process;
}

// Whether there is a file before.
enum class Before { kNone, kOlderBuild };

void Make(Before before, const std::string& path) {
  if (before == Before::kNone) return;
  const auto cache = SqliteCache::OpenFile(path);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  ASSERT_TRUE((*cache)->SetByStr<std::string>("old", "value").ok());
  ASSERT_TRUE((*cache)->Close().ok());
  // As a build without checksums leaves it.
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "ALTER TABLE entries DROP COLUMN checksum",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
}

class FirstOpenTest : public testing::TestWithParam<Before> {
 protected:
  void ExpectKept(SqliteCache& cache) {
    EXPECT_EQ(cache.GetByStr<std::string>("old").is_hit(),
              GetParam() == Before::kOlderBuild);
    const Result<CheckReport> report = cache.Check();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  }
};

TEST_P(FirstOpenTest, AllWhoComeAtOnceGetTheSameFile) {
  constexpr int kProcesses = 8;
  const TempDir directory;
  const auto key = [](int i) { return "key" + std::to_string(i); };
  for (int round = 0; round < 2 * TestScale(); ++round) {
    const std::string path = directory.path() + "/" + std::to_string(round);
    Make(GetParam(), path);
    std::vector<std::unique_ptr<ChildProcess>> processes;
    for (int i = 0; i < kProcesses; ++i) {
      processes.push_back(ReadyTo("open", path, key(i)));
    }
    for (const auto& process : processes) process->WriteLine("go");
    for (const auto& process : processes) {
      EXPECT_EQ(process->ReadAll(), std::vector<std::string>());
      EXPECT_EQ(process->Wait(), 0);
    }
    const auto cache = SqliteCache::OpenFile(path);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    for (int i = 0; i < kProcesses; ++i) {
      EXPECT_EQ((*cache)->GetByStr<std::string>(key(i)).value_or(""), key(i));
    }
    ExpectKept(**cache);
  }
}

// The other one comes between two calls of the file system, each in turn. It
// may find the file busy; neither may take what the other has made so far for
// something else.
TEST_P(FirstOpenTest, AnotherProcessMayComeAtAnyMoment) {
  const TempDir directory;
  FaultyVfs vfs("interrupted");
  SqliteCacheOptions options;
  options.vfs = vfs.name();
  bool interrupted = true;
  int opened_by_other = 0;
  for (uint64_t moment = 1; interrupted; ++moment) {
    SCOPED_TRACE(moment);
    const std::string path = directory.path() + "/" + std::to_string(moment);
    Make(GetParam(), path);
    const auto other = ReadyTo("open-impatiently", path, "key");
    interrupted = false;
    int exit_code = -1;
    vfs.InterruptAt(moment, [&] {
      interrupted = true;
      other->WriteLine("go");
      for (const std::string& line : other->ReadAll()) {
        EXPECT_TRUE(line.starts_with("busy")) << line;
      }
      exit_code = other->Wait();
      EXPECT_TRUE(exit_code == 0 || exit_code == 1) << exit_code;
    });
    const auto cache = SqliteCache::OpenFile(path, options);
    vfs.InterruptAt(0, nullptr);

    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    EXPECT_FALSE(std::filesystem::exists(path + ".damaged"));
    if (exit_code == 0) {
      ++opened_by_other;
      EXPECT_TRUE((*cache)->GetByStr<std::string>("key").is_hit());
    }
    EXPECT_TRUE((*cache)->SetByStr<std::string>("key", "mine").ok());
    ExpectKept(**cache);
  }
  EXPECT_GE(opened_by_other, 5);
}

INSTANTIATE_TEST_SUITE_P(Before, FirstOpenTest,
                         testing::Values(Before::kNone, Before::kOlderBuild),
                         [](const testing::TestParamInfo<Before>& tested) {
                           return tested.param == Before::kNone
                                      ? "NoFile"
                                      : "AFileOfAnOlderBuild";
                         });

}  // namespace
}  // namespace appcache::first_open_test
