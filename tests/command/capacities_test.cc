// The capacities that `appcache mrc` chooses, and those on a command line.

#include "tools/command/traces/capacities.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace appcache::command::capacities_test {
namespace {

TEST(RoundCapacitiesTest, AreAtMostTwelveAndTheNumberOfKeys) {
  using Capacities = std::vector<uint64_t>;
  EXPECT_EQ(RoundCapacities(0), Capacities());
  EXPECT_EQ(RoundCapacities(1), Capacities{1});
  EXPECT_EQ(RoundCapacities(10), (Capacities{1, 2, 5, 10}));
  EXPECT_EQ(RoundCapacities(186'880),
            (Capacities{20, 50, 100, 200, 500, 1000, 2000, 5000, 10'000, 20'000,
                        50'000, 100'000, 186'880}));
  EXPECT_EQ(RoundCapacities(UINT64_MAX).size(), 13u);
}

TEST(CapacitiesTest, AreSortedAndDistinct) {
  using Capacities = std::vector<uint64_t>;
  EXPECT_EQ(*ParseCapacities("7"), Capacities{7});
  EXPECT_EQ(*ParseCapacities("10,1,2,10"), (Capacities{1, 2, 10}));
  EXPECT_EQ(*ParseByteCapacities("1MiB,64KiB,7"),
            (Capacities{7, 65'536, 1'048'576}));
}

TEST(CapacitiesTest, AreNumbersFromOneAndAtMostAHundred) {
  for (const char* const text :
       {"", "0", "x", "1,", ",1", "1,,2", "-1", "1 2", "4611686018427387905"}) {
    EXPECT_FALSE(ParseCapacities(text).ok()) << text;
    EXPECT_FALSE(ParseByteCapacities(text).ok()) << text;
  }
  std::string most = "1";
  for (int i = 2; i <= 100; ++i) most += "," + std::to_string(i);
  EXPECT_EQ(ParseCapacities(most)->size(), 100u);
  EXPECT_FALSE(ParseCapacities(most + ",101").ok());
}

}  // namespace
}  // namespace appcache::command::capacities_test
