// The capacities that `appcache mrc` chooses.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tools/command/mrc.h"

namespace appcache::command {
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

}  // namespace
}  // namespace appcache::command
