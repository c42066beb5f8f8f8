#include "tools/command/entries/ping.h"

#include <gtest/gtest.h>

#include "tests/support/map_cache.h"

namespace appcache::command::ping_test {
namespace {

// Answers the first `answers` pings and fails the others.
class FailingBackend : public MapBackend {
 public:
  explicit FailingBackend(int answers) : answers_(answers) {}

  Result<std::string> Ping() override {
    if (answers_-- > 0) return std::string("Map 1");
    return Status(ErrorCode::kTimeout, "it took too long", 7);
  }

 private:
  int answers_;
};

TEST(PingTest, EveryPingIsCounted) {
  FailingBackend backend(5);
  PingReport report;
  EXPECT_TRUE(PingAll(backend, 5, report).ok());
  EXPECT_EQ(report.version, "Map 1");
  EXPECT_EQ(report.round_trips.count(), 5u);
}

TEST(PingTest, AFailureOfTheFirstPingIsReturnedUnchanged) {
  FailingBackend backend(0);
  PingReport report;
  EXPECT_EQ(PingAll(backend, 5, report).error().message, "it took too long");
}

TEST(PingTest, ALaterFailureStopsAndNamesThePing) {
  FailingBackend backend(3);
  PingReport report;
  const Status status = PingAll(backend, 5, report);
  EXPECT_TRUE(status.Is(ErrorCode::kTimeout));
  EXPECT_EQ(status.error().native_code, 7);
  EXPECT_EQ(status.error().message, "ping 4 of 5 failed: it took too long");
  EXPECT_EQ(report.round_trips.count(), 3u);
}

}  // namespace
}  // namespace appcache::command::ping_test
