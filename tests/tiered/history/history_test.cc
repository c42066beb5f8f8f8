#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/support/random.h"
#include "tests/tiered/history/history_run.h"

namespace appcache {
namespace {

std::chrono::milliseconds Duration() {
  const char* const ms = std::getenv("APPCACHE_HISTORY_MS");
  return std::chrono::milliseconds(ms != nullptr ? std::atoi(ms) : 4000);
}

TEST(HistoryTest, TiersOverABadNetworkKeepTheirGuarantees) {
  RandomSource random;
  const HistoryRun run = RunHistory(std::getenv("TIER_PROCESS"),
                                    random.Below(1'000'000) + 1, Duration());
  for (const std::string& line : run.violations) ADD_FAILURE() << line;
  // The history must contain enough of everything.
  ASSERT_EQ(run.reports.size(), 3U);
  for (const std::string& report : run.reports) {
    std::cout << report << std::endl;
    uint64_t local = 0;
    uint64_t remote = 0;
    uint64_t stored = 0;
    uint64_t discarded = 0;
    uint64_t notified = 0;
    uint64_t links = 0;
    ASSERT_EQ(
        std::sscanf(report.c_str(),
                    "local %lu remote %lu stored %lu discarded %lu "
                    "notified %lu links %lu",
                    &local, &remote, &stored, &discarded, &notified, &links),
        6);
    EXPECT_GT(local, 100U);
    EXPECT_GT(remote, 100U);
    EXPECT_GT(notified, 100U);
    EXPECT_GT(links, 1U);
  }
  std::cout << run.events.size() << " events" << std::endl;
}

}  // namespace
}  // namespace appcache
