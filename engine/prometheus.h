// PrometheusText: figures as Prometheus scrapes them (its text format, 0.0.4).
//
//   appcache_hits_total{cache="users"} 9301

#ifndef APPCACHE_ENGINE_PROMETHEUS_H_
#define APPCACHE_ENGINE_PROMETHEUS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/stats.h"

namespace appcache {

// Collects figures of one cache. Throws std::bad_alloc.
class PrometheusText {
 public:
  // `cache`, any text in UTF-8, is the label that tells caches apart.
  explicit PrometheusText(std::string_view cache);

  // "appcache_NAME_total", which only grows. `name` has a-z and _ only, `help`
  // is a line.
  void Counter(std::string_view name, std::string_view help, uint64_t value);
  // "appcache_NAME", which is what it is at the moment.
  void Gauge(std::string_view name, std::string_view help, double value);

  // "appcache_NAME", of observations: `counts[i]` of them were up to
  // `bounds[i]`, which grow, and above the bound before; the last count, for
  // which there is no bound, above all. REQUIRES: one count more than bounds.
  void Histogram(std::string_view name, std::string_view help,
                 std::span<const double> bounds,
                 std::span<const uint64_t> counts, double sum);

  const std::string& text() const noexcept { return text_; }

 private:
  void Begin(const std::string& name, std::string_view help,
             std::string_view type);
  // A line of its own; `more` goes behind the label of the cache.
  void Sample(std::string_view name, std::string_view more,
              std::string_view value);

  const std::string label_;
  std::string text_;
};

// All that `stats` has; what is empty there is left out.
void AddTo(PrometheusText& text, const CacheStats& stats);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_PROMETHEUS_H_
