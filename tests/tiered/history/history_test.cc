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

// What a tier has done.
struct Figures {
  uint64_t local = 0;
  uint64_t remote = 0;
  uint64_t stored = 0;
  uint64_t discarded = 0;
  uint64_t notified = 0;
  uint64_t links = 0;

  bool IsEnough() const {
    return local > 100 && remote > 100 && notified > 100 && links > 1;
  }
};

Figures Parse(const std::string& report) {
  Figures figures;
  EXPECT_EQ(std::sscanf(report.c_str(),
                        "local %lu remote %lu stored %lu discarded %lu "
                        "notified %lu links %lu",
                        &figures.local, &figures.remote, &figures.stored,
                        &figures.discarded, &figures.notified, &figures.links),
            6)
      << report;
  return figures;
}

TEST(HistoryTest, TiersOverABadNetworkKeepTheirGuarantees) {
  RandomSource random;
  bool is_enough = false;
  // The history must contain enough of everything. On a machine that does
  // little in the time, a longer one does.
  for (auto duration = Duration(); !is_enough; duration *= 2) {
    const HistoryRun run = RunHistory(std::getenv("TIER_PROCESS"),
                                      random.Below(1'000'000) + 1, duration);
    for (const std::string& line : run.violations) ADD_FAILURE() << line;
    ASSERT_EQ(run.reports.size(), 3U);
    is_enough = true;
    for (const std::string& report : run.reports) {
      std::cout << report << std::endl;
      if (!Parse(report).IsEnough()) is_enough = false;
    }
    std::cout << run.events.size() << " events" << std::endl;
    if (HasFailure() || duration > std::chrono::minutes(1)) break;
  }
  EXPECT_TRUE(is_enough);
}

}  // namespace
}  // namespace appcache
