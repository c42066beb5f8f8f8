// Maintenance and flushes of a file, held while the clock is set back.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/held_call.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/await.h"

namespace appcache::held_maintenance_test {
namespace {

class HeldMaintenanceTest : public testing::Test {
 protected:
  HeldMaintenanceTest() {
    SqliteCacheOptions options;
    options.clock = clock_;
    options.max_entries = 3;
    options.cache.log = [](LogLevel, std::string_view) {};
    cache_ = Must(SqliteCache::OpenFile(scratch_.Path("cache.db"), options));
    for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  }
  ~HeldMaintenanceTest() override { maintenance_.Release(); }

  TimePoint LastUse() {
    TimePoint last;
    const Status status = cache_->ForEachKey([&](const EntryInfo& info) {
      last = std::max(last, info.last_used);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return last;
  }

  static constexpr std::chrono::seconds kSlack{10};

  const Scratch scratch_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  HeldBackground maintenance_{"follow_clock.enter"};
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(HeldMaintenanceTest, ASetCorrectsTimesThatMaintenanceIsAboutToCorrect) {
  clock_->Advance(-std::chrono::hours(24));
  Get(*cache_, "a");
  maintenance_.WaitUntilHeld();
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
  EXPECT_EQ(FlushedOrder(*cache_), (Strings{"c", "a", "d"}));
}

TEST_F(HeldMaintenanceTest, AClockThatIsSetBackMeanwhileIsNoticed) {
  clock_->Advance(-std::chrono::hours(24));
  Get(*cache_, "a");
  maintenance_.WaitUntilHeld();
  clock_->Advance(-std::chrono::hours(24));
  Set(*cache_, "d", "value", Ttl(1000));
  maintenance_.Release();
  Set(*cache_, "e");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "d", "e"}));
  EXPECT_EQ(FlushedOrder(*cache_), (Strings{"a", "d", "e"}));
  clock_->Advance(std::chrono::seconds(2));
  EXPECT_EQ(Get(*cache_, "d"), "<miss>");
}

TEST_F(HeldMaintenanceTest, AFlushOfAccessesFromBeforeTheSetBackIsCorrected) {
  maintenance_.Release();
  Get(*cache_, "a");
  HeldCall flush("accesses.sorted", [&] { return cache_->Flush().ok(); });
  clock_->Advance(-std::chrono::hours(24));
  Set(*cache_, "d");
  EXPECT_TRUE(flush.Finish());
  EXPECT_TRUE(Await([&] { return LastUse() <= clock_->Now() + kSlack; }));
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
}

}  // namespace
}  // namespace appcache::held_maintenance_test
