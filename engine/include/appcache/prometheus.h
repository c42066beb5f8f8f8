// PrometheusText: formats metrics of a cache in Prometheus' text format,
// version 0.0.4.
//
//   appcache::PrometheusText text("users");
//   appcache::AddTo(text, cache.Stats());
//   Respond(text.text());  // appcache_hits_total{cache="users"} 9301, ...

#ifndef APPCACHE_PROMETHEUS_H_
#define APPCACHE_PROMETHEUS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "appcache/stats.h"

namespace appcache {

// The metrics of one cache. All functions throw std::bad_alloc. Not
// thread-safe.
class PrometheusText {
 public:
  // `cache`, any UTF-8 text, becomes the label `cache` of every metric.
  explicit PrometheusText(std::string_view cache);

  // In these, `name` consists of a-z and _, and `help` is one line.

  // Appends "appcache_NAME_total", a value that only grows.
  void Counter(std::string_view name, std::string_view help, uint64_t value);

  // Appends "appcache_NAME", a value that may grow and shrink.
  void Gauge(std::string_view name, std::string_view help, double value);

  // Appends "appcache_NAME", a histogram: `counts[i]` observations were at most
  // `bounds[i]` and above the previous bound; the last count is of those above
  // all bounds. `sum` is the sum of all observations. REQUIRES: `bounds` are in
  // ascending order, and counts.size() == bounds.size() + 1.
  void Histogram(std::string_view name, std::string_view help,
                 std::span<const double> bounds,
                 std::span<const uint64_t> counts, double sum);

  // What was appended so far. Valid until the next call of another function.
  const std::string& text() const noexcept { return text_; }

 private:
  void Begin(const std::string& name, std::string_view help,
             std::string_view type);
  // Appends one line. `more` is appended to the label of the cache.
  void Sample(std::string_view name, std::string_view more,
              std::string_view value);

  const std::string label_;
  std::string text_;
};

// Appends every figure of `stats`, except those that are empty.
void AddTo(PrometheusText& text, const CacheStats& stats);

}  // namespace appcache

#endif  // APPCACHE_PROMETHEUS_H_
