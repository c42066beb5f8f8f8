#include "tools/histogram/histogram.h"

#include <gtest/gtest.h>

#include <limits>

namespace appcache::histogram_test {
namespace {

TEST(HistogramTest, AnEmptyHistogramIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.Percentile(500), 0u);
}

TEST(HistogramTest, MinAndMaxAreExact) {
  Histogram histogram;
  for (const uint64_t value : {5'000'001u, 1'000'003u, 9'000'007u}) {
    histogram.Record(value);
  }
  EXPECT_EQ(histogram.min(), 1'000'003u);
  EXPECT_EQ(histogram.max(), 9'000'007u);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 60; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.Percentile(500), 30u);
  EXPECT_EQ(histogram.Percentile(900), 54u);
  EXPECT_EQ(histogram.Percentile(1000), 60u);
  EXPECT_EQ(histogram.Percentile(0), 1u);
}

// The rank of the 99.9th percentile: 999 of 1000 values, 1000 of 1001.
TEST(HistogramTest, RanksRoundUp) {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.Record(1);
  histogram.Record(50);
  EXPECT_EQ(histogram.Percentile(999), 1u);
  histogram.Record(50);
  EXPECT_EQ(histogram.Percentile(999), 50u);
}

TEST(HistogramTest, LargeValuesAreWithinAThirtySecond) {
  for (uint64_t value = 1; value < std::numeric_limits<uint64_t>::max() / 3;
       value = value * 3 - value / 7) {
    Histogram histogram;
    histogram.Record(value);
    histogram.Record(std::numeric_limits<uint64_t>::max());
    const uint64_t reported = histogram.Percentile(500);
    EXPECT_GE(reported, value);
    EXPECT_LE(reported - value, value / 32) << value;
  }
}

TEST(HistogramTest, NoPercentileIsAboveTheMaximum) {
  Histogram histogram;
  histogram.Record(1'000'001);
  EXPECT_EQ(histogram.Percentile(500), 1'000'001u);
  histogram.Record(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(histogram.Percentile(1000), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(histogram.max(), std::numeric_limits<uint64_t>::max());
}

TEST(HistogramTest, AMergedHistogramHasTheValuesOfBoth) {
  Histogram all, merged;
  for (uint64_t value = 1; value < 1'000'000; value = value * 3 / 2 + 1) {
    Histogram one;
    one.Record(value);
    merged.Merge(one);
    all.Record(value);
  }
  merged.Merge(Histogram());
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_DOUBLE_EQ(merged.mean(), all.mean());
  for (unsigned per_mille = 0; per_mille <= 1000; per_mille += 50) {
    EXPECT_EQ(merged.Percentile(per_mille), all.Percentile(per_mille));
  }
}

TEST(HistogramTest, TheMeanIsThatOfTheValuesAndNotOfTheBuckets) {
  Histogram histogram;
  EXPECT_EQ(histogram.mean(), 0);
  histogram.Record(1'000'001);
  histogram.Record(2'000'004);
  EXPECT_DOUBLE_EQ(histogram.mean(), 1'500'002.5);
}

TEST(HistogramTest, QuantilesReachBeyondAThousandth) {
  Histogram histogram;
  for (int i = 0; i < 99'999; ++i) histogram.Record(1);
  histogram.Record(50);
  EXPECT_EQ(histogram.Quantile(99'999, 100'000), 1u);
  EXPECT_EQ(histogram.Quantile(999'991, 1'000'000), 50u);
  EXPECT_EQ(histogram.Quantile(1, 1), 50u);
}

}  // namespace
}  // namespace appcache::histogram_test
