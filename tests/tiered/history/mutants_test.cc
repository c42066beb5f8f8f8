// The checker of histories finds tiers that lack one of their protections.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/support/random.h"
#include "tests/tiered/history/history_run.h"

namespace appcache {
namespace {

// Rare events, such as a change during a fetch, occur within a few, or more on
// a machine that does little in the time of a run.
constexpr int kMaxRuns = 60;

TEST(MutantsTest, EachMissingProtectionIsFound) {
  RandomSource random;
  std::istringstream programs(std::getenv("MUTANTS"));
  int mutants = 0;
  for (std::string program; programs >> program; ++mutants) {
    int runs = 0;
    std::string found;
    while (found.empty() && runs < kMaxRuns) {
      ++runs;
      const HistoryRun run = RunHistory(program, random.Below(1'000'000) + 1,
                                        std::chrono::milliseconds(1000));
      if (!run.violations.empty()) found = run.violations[0];
    }
    EXPECT_NE(found, "") << program << " violates no guarantee";
    std::cout << program << ", run " << runs << ": " << found << std::endl;
  }
  EXPECT_EQ(mutants, 8);
}

}  // namespace
}  // namespace appcache
