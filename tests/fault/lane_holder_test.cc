// Another process holds the writer lane, and goes or does not.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace appcache::lane_holder_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBusyTimeout{50};
// A slow machine wakes up late; it does not wake up early.
constexpr milliseconds kLate{2000};

class LaneHolderTest : public testing::Test {
 protected:
  void SetUp() override {
    SqliteCacheOptions options;
    options.busy_timeout = kBusyTimeout;
    auto opened = SqliteCache::OpenFile(path_, options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    cache_ = *std::move(opened);
    ASSERT_TRUE(cache_->SetByStr<std::string>("key", "old").ok());
    holder_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"hold-lane", path_});
    ASSERT_EQ(holder_->ReadLine(), "ready");
  }

  // Waits for the lane as long as it may, and tells why it gave up.
  void ExpectBusy(const Status& status, steady_clock::time_point begin) {
    const auto waited = steady_clock::now() - begin;
    EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
    EXPECT_NE(status.ToString().find("another process"), std::string::npos)
        << status.ToString();
    EXPECT_GE(waited, kBusyTimeout);
    EXPECT_LE(waited, kBusyTimeout + kLate);
  }

  Status Set(const std::string& value) {
    return cache_->SetByStr("key", value);
  }
  std::string Get() {
    return cache_->GetByStr<std::string>("key").value_or("<none>");
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  std::unique_ptr<SqliteCache> cache_;
  std::unique_ptr<ChildProcess> holder_;
};

TEST_F(LaneHolderTest, WritesAreBusyUntilItGoesAndReadsAreNot) {
  auto begin = steady_clock::now();
  ExpectBusy(Set("new"), begin);
  EXPECT_EQ(Get(), "old");
  begin = steady_clock::now();
  ExpectBusy(cache_->InvalidateByStr("key"), begin);
  begin = steady_clock::now();
  ExpectBusy(cache_->Clear(), begin);
  begin = steady_clock::now();
  ExpectBusy(cache_->Flush(), begin);
  begin = steady_clock::now();
  ExpectBusy(cache_->Check().status(), begin);
  EXPECT_EQ(Get(), "old");

  holder_->WriteLine("go");
  EXPECT_EQ(holder_->Wait(), 0);
  EXPECT_TRUE(Set("new").ok());
  EXPECT_EQ(Get(), "new");
}

TEST_F(LaneHolderTest, KilledItFreesTheLaneAtOnce) {
  ASSERT_TRUE(Set("new").Is(ErrorCode::kBusy));
  holder_->Kill();
  const Status set = Set("new");
  EXPECT_TRUE(set.ok()) << set.ToString();
  EXPECT_EQ(Get(), "new");
}

TEST_F(LaneHolderTest, ClosingLosesNothingButRecency) {
  EXPECT_EQ(Get(), "old");
  const auto begin = steady_clock::now();
  ExpectBusy(cache_->Close(), begin);
  holder_->Kill();
  SetUp();
  EXPECT_EQ(Get(), "old");
}

}  // namespace
}  // namespace appcache::lane_holder_test
