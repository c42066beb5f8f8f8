#include "tools/command/exec/run_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "appcache/clock.h"
#include "tests/support/temp_dir.h"
#include "tools/command/exec/run_record.h"

namespace appcache::command::run_cache_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

off_t SizeOf(const UniqueFd& file) {
  struct stat info = {};
  EXPECT_EQ(fstat(file.get(), &info), 0);
  return info.st_size;
}

class RunCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.cache.uri = dir_.path() + "/cache.db";
    auto cache = RunCache::Open(options_, name_, [](LogLevel, auto) {});
    ASSERT_TRUE(cache.ok()) << cache.status().message();
    cache_.emplace(*std::move(cache));
  }

  void Record(milliseconds age) {
    const auto file = CreateMemoryFile();
    auto recording = Recording::Create(file->get(), name_.identity, 1 << 20);
    recording->Append(Stream::kOut, "out");
    const auto now = std::chrono::duration_cast<milliseconds>(
        Clock::Wall()->Now().time_since_epoch());
    ASSERT_TRUE(recording->Finish(0, now - age, hours(1)).ok());
    ASSERT_TRUE(cache_->Store(file->get()).ok());
  }

  const TempDir dir_;
  ExecOptions options_;
  const RunName name_{"identity", "key"};
  std::optional<RunCache> cache_;
};

// The run that is recorded next is written behind what is in the file.
TEST_F(RunCacheTest, ARunThatHasExpiredLeavesNoEarlierRecordInTheFile) {
  const auto file = CreateMemoryFile();
  ASSERT_TRUE(file.ok());
  Status problem;
  Record(hours(0));
  ASSERT_EQ(cache_->Find(file->get(), problem), RunAge::kFresh);
  EXPECT_GT(SizeOf(*file), 0);
  Record(hours(2));
  EXPECT_EQ(cache_->Find(file->get(), problem), RunAge::kExpired);
  EXPECT_EQ(SizeOf(*file), 0);

  Record(hours(0));
  ASSERT_EQ(cache_->Find(file->get(), problem), RunAge::kFresh);
  ASSERT_TRUE(cache_->Forget().ok());
  EXPECT_EQ(cache_->Find(file->get(), problem), RunAge::kExpired);
  EXPECT_EQ(SizeOf(*file), 0);
  EXPECT_TRUE(problem.ok());
}

}  // namespace
}  // namespace appcache::command::run_cache_test
