#include "tools/command/text/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/random.h"

namespace appcache::command::top_k_test {
namespace {

using Largest = TopK<int, std::greater<int>>;

TEST(TopKTest, KeepsTheBestInOrder) {
  Largest top(3, std::greater<int>());
  for (const int item : {4, 9, 1, 7, 8, 2}) top.Offer(item);
  EXPECT_EQ(top.Take(), (std::vector<int>{9, 8, 7}));
}

TEST(TopKTest, FewerThanTheLimitAreAllKept) {
  Largest top(10, std::greater<int>());
  top.Offer(1);
  top.Offer(2);
  EXPECT_EQ(top.Take(), (std::vector<int>{2, 1}));
  EXPECT_TRUE(top.Take().empty());
}

TEST(TopKTest, ALimitOfZeroKeepsNothing) {
  Largest top(0, std::greater<int>());
  top.Offer(1);
  EXPECT_TRUE(top.Take().empty());
}

TEST(TopKTest, AgreesWithSorting) {
  RandomSource random;
  for (int run = 0; run < 200; ++run) {
    std::vector<int> items(random.Below(50));
    for (int& item : items) item = static_cast<int>(random.Below(20));
    const size_t limit = random.Below(12);
    Largest top(limit, std::greater<int>());
    for (const int item : items) top.Offer(item);
    std::sort(items.begin(), items.end(), std::greater<int>());
    items.resize(std::min(items.size(), limit));
    EXPECT_EQ(top.Take(), items);
  }
}

}  // namespace
}  // namespace appcache::command::top_k_test
