// PrometheusText: formats metrics of caches in Prometheus' text format, version
// 0.0.4.
//
//   appcache::PrometheusText text("users");
//   appcache::AddTo(text, cache.Stats());
//   Respond(text.text());  // appcache_hits_total{cache="users"} 9301, ...
//
// In the format, all samples of a metric form one group. So a program with
// several caches appends their metrics to each other, and not their texts:
//
//   appcache::PrometheusText sessions("sessions");
//   appcache::AddTo(sessions, session_cache.Stats());
//   text.Append(sessions);
//
// A Grafana dashboard of these metrics is in tools/grafana.

#ifndef APPCACHE_PROMETHEUS_H_
#define APPCACHE_PROMETHEUS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/export.h"
#include "appcache/stats.h"

namespace appcache {

// The metrics of one cache, or of several. All functions throw std::bad_alloc.
// Not thread-safe.
class APPCACHE_EXPORT PrometheusText {
 public:
  // `cache`, any UTF-8 text, becomes the label `cache` of every metric that is
  // added.
  explicit PrometheusText(std::string_view cache);

  // In these, `name` consists of a-z and _. REQUIRES: no metric of that name
  // has been added to this object.

  // Adds "appcache_NAME_total", a value that only grows.
  void Counter(std::string_view name, std::string_view help, uint64_t value);

  // Adds "appcache_NAME", a value that may grow and shrink.
  void Gauge(std::string_view name, std::string_view help, double value);

  // Adds "appcache_NAME" for each value of the label `label`.
  struct Labelled {
    std::string_view label_value;  // needs no escaping
    double value = 0;
  };
  void Gauges(std::string_view name, std::string_view help,
              std::string_view label, std::span<const Labelled> values);

  // Adds "appcache_NAME", a histogram: `counts[i]` observations were at most
  // `bounds[i]` and above the previous bound; the last count is of those above
  // all bounds. `sum` is the sum of all observations. REQUIRES: `bounds` are in
  // ascending order, and counts.size() == bounds.size() + 1.
  void Histogram(std::string_view name, std::string_view help,
                 std::span<const double> bounds,
                 std::span<const uint64_t> counts, double sum);

  // Adds the metrics of `other`, with their labels. REQUIRES: `other` is of
  // another cache than the metrics here.
  void Append(const PrometheusText& other);

  // All metrics that were added, grouped by name, in the order in which the
  // names were added first.
  std::string text() const;

 private:
  friend void AddMicrometerTo(PrometheusText& text, const CacheStats& stats);

  // The metrics of one name.
  struct Family {
    std::string name;
    std::string header;   // the lines HELP and TYPE
    std::string samples;  // a line each
  };

  Family& Begin(std::string_view name, std::string_view help,
                std::string_view type);
  // Appends a sample of the metric NAME of the family, or of NAME and `suffix`.
  // `labels` follow the label of the cache, and start with a comma.
  void Sample(Family& family, std::string_view suffix, std::string_view labels,
              std::string_view value) const;

  const std::string value_;  // of the label, escaped
  std::vector<Family> families_;
};

// Adds every figure of `stats`, except those that are empty.
APPCACHE_EXPORT void AddTo(PrometheusText& text, const CacheStats& stats);

// Adds the figures of `stats` under the names that Micrometer, the metrics
// library of Spring Boot, gives to those of other caches: for existing
// dashboards and alerts. The label `name` has the same value as `cache`, as in
// Spring Boot.
//
// - cache_gets_total{result="hit"}: hits
// - cache_gets_total{result="miss"}: misses
// - cache_puts_total: sets
// - cache_removals_total: invalidations
// - cache_evictions_total: evictions, without expirations
// - cache_load_total{result="success"}: loads that returned
// - cache_load_total{result="failure"}: load_failures
// - cache_size: entries
//
// Empty figures are left out. Other figures have no such name; AddTo may add
// them to the same text. Micrometer's latencies (cache.load.duration,
// cache.gets.latency and others) and eviction weights are not measured here.
APPCACHE_EXPORT void AddMicrometerTo(PrometheusText& text,
                                     const CacheStats& stats);

}  // namespace appcache

#endif  // APPCACHE_PROMETHEUS_H_
