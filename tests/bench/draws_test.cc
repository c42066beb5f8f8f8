#include "bench/suite/draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace appcache::bench::draws_test {
namespace {

// Counts of draws, by rank from 0.
std::vector<double> CountsByRank(Distribution distribution, size_t items) {
  std::vector<size_t> rank_of(items);
  const std::vector<uint32_t> by_rank = ItemsByRank(items);
  for (size_t rank = 0; rank < items; ++rank) rank_of[by_rank[rank]] = rank;
  std::vector<double> counts(items);
  for (const uint32_t item : MakeDraws(distribution, items)) {
    ++counts.at(rank_of.at(item));
  }
  return counts;
}

std::vector<double> ZipfExpectations(size_t items, double exponent) {
  std::vector<double> expected(items);
  double sum = 0;
  for (size_t rank = 0; rank < items; ++rank) {
    sum += expected[rank] = std::pow(static_cast<double>(rank + 1), -exponent);
  }
  for (double& each : expected) each *= kDraws / sum;
  return expected;
}

std::vector<double> EqualExpectations(size_t items) {
  return std::vector<double>(
      items, static_cast<double>(kDraws) / static_cast<double>(items));
}

// The sums of ranks 1, 2 to 3, 4 to 7 and so on.
std::vector<double> ByPowersOfTwo(const std::vector<double>& by_rank) {
  std::vector<double> sums(std::bit_width(by_rank.size()));
  for (size_t rank = 0; rank < by_rank.size(); ++rank) {
    sums[std::bit_width(rank + 1) - 1] += by_rank[rank];
  }
  return sums;
}

// Pearson's statistic, in standard deviations from its mean: within 4 of 0 for
// draws from the expected distribution.
double Deviation(const std::vector<double>& counts,
                 const std::vector<double>& expected) {
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double difference = counts[i] - expected[i];
    sum += difference * difference / expected[i];
  }
  const double freedom = static_cast<double>(counts.size() - 1);
  return (sum - freedom) / std::sqrt(2 * freedom);
}

TEST(DrawsTest, ZipfHasTheTheoreticalFrequencyOfEveryRank) {
  const std::vector<double> counts = CountsByRank(Distribution::kZipf, 1'000);
  EXPECT_LT(std::abs(Deviation(counts, ZipfExpectations(1'000, 0.99))), 4);
  // The test can tell a skew that is slightly different.
  EXPECT_GT(Deviation(counts, ZipfExpectations(1'000, 0.97)), 20);
  EXPECT_GT(Deviation(counts, EqualExpectations(1'000)), 1000);
}

TEST(DrawsTest, ZipfHasTheTheoreticalFrequenciesForEveryNumberOfEntries) {
  for (const size_t items : {10'000u, 1'000'000u}) {
    const std::vector<double> counts =
        ByPowersOfTwo(CountsByRank(Distribution::kZipf, items));
    const auto expected = [&](double exponent) {
      return ByPowersOfTwo(ZipfExpectations(items, exponent));
    };
    EXPECT_LT(std::abs(Deviation(counts, expected(0.99))), 4) << items;
    EXPECT_GT(Deviation(counts, expected(0.97)), 20) << items;
  }
}

TEST(DrawsTest, UniformDrawsEveryItemEquallyOften) {
  for (const size_t items : {1'000u, 10'000u}) {
    const std::vector<double> counts =
        CountsByRank(Distribution::kUniform, items);
    EXPECT_LT(std::abs(Deviation(counts, EqualExpectations(items))), 4)
        << items;
  }
}

TEST(DrawsTest, SuccessiveDrawsAreIndependent) {
  // Pairs of successive draws from 30 items: 900 equally likely pairs.
  constexpr size_t kItems = 30;
  const std::vector<uint32_t> draws = MakeDraws(Distribution::kUniform, kItems);
  std::vector<double> counts(kItems * kItems);
  for (size_t i = 0; i + 1 < draws.size(); i += 2) {
    ++counts.at(draws[i] * kItems + draws[i + 1]);
  }
  std::vector<double> expected = EqualExpectations(counts.size());
  for (double& each : expected) each /= 2;
  EXPECT_LT(std::abs(Deviation(counts, expected)), 4);
}

TEST(DrawsTest, HotDrawsOneItem) {
  const std::vector<uint32_t> draws = MakeDraws(Distribution::kHot, 1'000);
  EXPECT_EQ(draws, std::vector<uint32_t>(kDraws, ItemsByRank(1'000).front()));
}

TEST(DrawsTest, EveryItemHasOneRankAndHotItemsAreNoNeighbours) {
  std::vector<uint32_t> items = ItemsByRank(10'000);
  for (size_t rank = 1; rank < 10; ++rank) {
    const auto distance = static_cast<int64_t>(items[rank]) - items[rank - 1];
    EXPECT_GT(std::abs(distance), 1) << rank;
  }
  std::sort(items.begin(), items.end());
  for (uint32_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i], i);
}

// CaffeineBench.java and python_sqlite make the same draws.
TEST(DrawsTest, DrawsAreTheSameInEveryRun) {
  const auto first = [](Distribution distribution) {
    std::vector<uint32_t> draws = MakeDraws(distribution, 10'000);
    draws.resize(5);
    return draws;
  };
  using Draws = std::vector<uint32_t>;
  EXPECT_EQ(first(Distribution::kZipf), (Draws{9387, 6014, 3239, 8983, 9322}));
  EXPECT_EQ(first(Distribution::kUniform),
            (Draws{7622, 4817, 9505, 4564, 1802}));
}

}  // namespace
}  // namespace appcache::bench::draws_test
