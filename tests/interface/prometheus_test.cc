#include "appcache/prometheus.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace appcache::prometheus_test {
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

TEST(PrometheusTest, HelpIsEscaped) {
  PrometheusText text("c");
  text.Gauge("age", "An \"age\\\n", 1);
  EXPECT_NE(text.text().find("# HELP appcache_age An \"age\\\\\\n\n# TYPE"),
            std::string::npos)
      << text.text();
}

TEST(PrometheusTest, TheSamplesOfSeveralCachesAreGroupedByName) {
  PrometheusText text("a");
  text.Counter("hits", "Reads.", 1);
  text.Gauge("entries", "Entries.", 2);
  PrometheusText other("b");
  other.Gauge("entries", "Entries.", 3);
  other.Gauge("bytes", "Bytes.", 4);
  text.Append(other);
  EXPECT_EQ(text.text(),
            "# HELP appcache_hits_total Reads.\n"
            "# TYPE appcache_hits_total counter\n"
            "appcache_hits_total{cache=\"a\"} 1\n"
            "# HELP appcache_entries Entries.\n"
            "# TYPE appcache_entries gauge\n"
            "appcache_entries{cache=\"a\"} 2\n"
            "appcache_entries{cache=\"b\"} 3\n"
            "# HELP appcache_bytes Bytes.\n"
            "# TYPE appcache_bytes gauge\n"
            "appcache_bytes{cache=\"b\"} 4\n");
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

// The figures of `stats` are set to 1, 2, 3 and so on.
TEST(PrometheusTest, EveryFigureIsAdded) {
  CacheStats stats;
  uint64_t figures = 0;
  for (uint64_t* figure :
       {&stats.hits, &stats.misses, &stats.read_errors, &stats.sets,
        &stats.invalidations, &stats.write_errors, &stats.loads,
        &stats.load_failures, &stats.loads_shared, &stats.negative_hits,
        &stats.stale_served, &stats.refreshes, &stats.loads_timed_out,
        &stats.lock_waits}) {
    *figure = ++figures;
  }
  for (std::optional<uint64_t>* figure :
       {&stats.evictions, &stats.expirations, &stats.entries, &stats.bytes,
        &stats.flush_failures, &stats.database_memory_bytes,
        &stats.log_memory_bytes, &stats.directory_bytes, &stats.resident_bytes,
        &stats.pending_bytes, &stats.retired_bytes}) {
    *figure = ++figures;
  }
  PrometheusText text("c");
  AddTo(text, stats);
  for (uint64_t figure = 1; figure <= figures; ++figure) {
    const std::string sample = "{cache=\"c\"} " + std::to_string(figure) + "\n";
    EXPECT_NE(text.text().find(sample), std::string::npos) << figure;
  }
}

TEST(PrometheusTest, TheCurveHasASampleForEachSize) {
  CacheStats stats;
  stats.hit_ratio_curve.emplace();
  for (size_t i = 0; i < stats.hit_ratio_curve->points.size(); ++i) {
    stats.hit_ratio_curve->points[i] = {HitRatioCurve::kScales[i],
                                        0.5 + 0.0625 * static_cast<double>(i)};
  }
  PrometheusText text("c");
  AddTo(text, stats);
  const std::string name = "appcache_estimated_hit_ratio";
  EXPECT_NE(text.text().find("# TYPE " + name + " gauge\n" +  //
                             name + "{cache=\"c\",scale=\"0.25\"} 0.5\n" +
                             name + "{cache=\"c\",scale=\"0.5\"} 0.5625\n" +
                             name + "{cache=\"c\",scale=\"1\"} 0.625\n" + name +
                             "{cache=\"c\",scale=\"2\"} 0.6875\n" + name +
                             "{cache=\"c\",scale=\"4\"} 0.75\n"),
            std::string::npos)
      << text.text();
}

TEST(PrometheusTest, MicrometerHasItsOwnNamesAndLabels) {
  CacheStats stats;
  stats.hits = 3;
  stats.misses = 2;
  stats.sets = 5;
  stats.invalidations = 1;
  stats.loads = 9;
  stats.load_failures = 4;
  stats.evictions = 6;
  stats.expirations = 100;
  stats.entries = 7;
  PrometheusText text("a\"b");
  AddMicrometerTo(text, stats);
  std::string samples;
  std::istringstream lines(text.text());
  for (std::string line; std::getline(lines, line);) {
    if (line.front() != '#') samples += line + "\n";
  }
  const std::string label = R"({cache="a\"b",name="a\"b")";
  EXPECT_EQ(samples,
            "cache_gets_total" + label + ",result=\"hit\"} 3\n" +
                "cache_gets_total" + label + ",result=\"miss\"} 2\n" +
                "cache_puts_total" + label + "} 5\n" + "cache_removals_total" +
                label + "} 1\n" + "cache_evictions_total" + label + "} 6\n" +
                "cache_load_total" + label + ",result=\"success\"} 5\n" +
                "cache_load_total" + label + ",result=\"failure\"} 4\n" +
                "cache_size" + label + "} 7\n");
  EXPECT_NE(text.text().find("# TYPE cache_gets_total counter\n"),
            std::string::npos);
  EXPECT_NE(text.text().find("# TYPE cache_size gauge\n"), std::string::npos);
}

TEST(PrometheusTest, MicrometerOmitsUnknownFigures) {
  PrometheusText text("c");
  AddMicrometerTo(text, CacheStats());
  EXPECT_NE(text.text().find("cache_gets_total"), std::string::npos);
  EXPECT_EQ(text.text().find("cache_evictions_total"), std::string::npos);
  EXPECT_EQ(text.text().find("cache_size"), std::string::npos);
}

}  // namespace
}  // namespace appcache::prometheus_test
