// The cases that --benchmark_filter and --filter select.

#include "bench/suite/filter.h"

#include <gtest/gtest.h>

namespace appcache::bench::filter_test {
namespace {

TEST(FilterTest, WithoutAnExpressionEverythingIsSelected) {
  for (const auto& expression :
       {std::optional<std::string>(), {"."}, {"all"}}) {
    EXPECT_TRUE(Filter(expression).Selects("get/a"));
    EXPECT_TRUE(Filter(expression).SelectsLatency("get/a/loop:open"));
  }
}

TEST(FilterTest, AMinusSelectsTheOthers) {
  EXPECT_TRUE(Filter("a$").Selects("get/a"));
  EXPECT_FALSE(Filter("a$").Selects("get/ab"));
  EXPECT_FALSE(Filter("-a$").Selects("get/a"));
  EXPECT_TRUE(Filter("-a$").Selects("get/ab"));
}

TEST(FilterTest, ALatencyHasTheNameOfItsCaseToo) {
  for (const char* loop : {"/loop:open", "/loop:closed"}) {
    const std::string name = std::string("get/a") + loop;
    EXPECT_TRUE(Filter("^get/a$").SelectsLatency(name));
    EXPECT_FALSE(Filter("-^get/a$").SelectsLatency(name));
    EXPECT_FALSE(Filter("^get/b$").SelectsLatency(name));
    EXPECT_TRUE(Filter("-^get/b$").SelectsLatency(name));
  }
  EXPECT_TRUE(Filter("loop:open$").SelectsLatency("get/a/loop:open"));
  EXPECT_FALSE(Filter("loop:open$").SelectsLatency("get/a/loop:closed"));
}

}  // namespace
}  // namespace appcache::bench::filter_test
