// That a history finds a tier which lacks one of its protections.

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

// What is rare, as a fetch that is overtaken, is met within some of these.
constexpr int kMaxRuns = 10;

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
                                        std::chrono::milliseconds(1500));
      if (!run.broken.empty()) found = run.broken[0];
    }
    EXPECT_NE(found, "") << program << " keeps all promises";
    std::cout << program << ", run " << runs << ": " << found << std::endl;
  }
  EXPECT_EQ(mutants, 6);
}

}  // namespace
}  // namespace appcache
