#include "appcache/prometheus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace appcache {
namespace {

TEST(PrometheusTest, AFigureHasHelpTypeAndLabel) {
  PrometheusText text("users");
  text.Counter("hits", "Reads.", 9301);
  text.Gauge("age_seconds", "An age.", 0.25);
  EXPECT_EQ(text.text(),
            "# HELP appcache_hits_total Reads.\n"
            "# TYPE appcache_hits_total counter\n"
            "appcache_hits_total{cache=\"users\"} 9301\n"
            "# HELP appcache_age_seconds An age.\n"
            "# TYPE appcache_age_seconds gauge\n"
            "appcache_age_seconds{cache=\"users\"} 0.25\n");
}

TEST(PrometheusTest, AHistogramCountsUpToEachBound) {
  PrometheusText text("users");
  text.Histogram("delay_seconds", "Delays.", std::vector{0.25, 5.0},
                 std::vector<uint64_t>{2, 0, 1}, 7.5);
  EXPECT_EQ(text.text(),
            "# HELP appcache_delay_seconds Delays.\n"
            "# TYPE appcache_delay_seconds histogram\n"
            "appcache_delay_seconds_bucket{cache=\"users\",le=\"0.25\"} 2\n"
            "appcache_delay_seconds_bucket{cache=\"users\",le=\"5\"} 2\n"
            "appcache_delay_seconds_bucket{cache=\"users\",le=\"+Inf\"} 3\n"
            "appcache_delay_seconds_sum{cache=\"users\"} 7.5\n"
            "appcache_delay_seconds_count{cache=\"users\"} 3\n");
}

TEST(PrometheusTest, ALabelIsEscaped) {
  PrometheusText text("a\"b\\c\nd");
  text.Counter("hits", "Reads.", 1);
  EXPECT_NE(text.text().find("{cache=\"a\\\"b\\\\c\\nd\"} 1\n"),
            std::string::npos)
      << text.text();
}

TEST(PrometheusTest, UnknownFiguresAreOmitted) {
  CacheStats stats;
  stats.hits = 3;
  PrometheusText unknown("c");
  AddTo(unknown, stats);
  EXPECT_NE(unknown.text().find("appcache_hits_total{cache=\"c\"} 3\n"),
            std::string::npos);
  EXPECT_EQ(unknown.text().find("appcache_entries"), std::string::npos);
  stats.entries = 7;
  stats.evictions = 2;
  PrometheusText known("c");
  AddTo(known, stats);
  EXPECT_NE(known.text().find("appcache_entries{cache=\"c\"} 7\n"),
            std::string::npos);
  EXPECT_NE(known.text().find("appcache_evictions_total{cache=\"c\"} 2\n"),
            std::string::npos);
}

}  // namespace
}  // namespace appcache
