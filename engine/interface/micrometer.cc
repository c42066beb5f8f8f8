// Micrometer's names: CacheMeterBinder and its subclasses, in the spelling of
// its Prometheus registry.

#include <algorithm>

#include "appcache/prometheus.h"

namespace appcache {

void AddMicrometerTo(PrometheusText& text, const CacheStats& stats) {
  const std::string name = ",name=\"" + text.value_ + "\"";
  const auto with_result = [&name](std::string_view result) {
    return name + ",result=\"" + std::string(result) + "\"";
  };
  const auto counter = [&](std::string_view metric, std::string_view help,
                           uint64_t value) {
    text.Sample(text.Begin(metric, help, "counter"), "", name,
                std::to_string(value));
  };

  PrometheusText::Family& gets = text.Begin(
      "cache_gets_total", "Reads that found a value, or none.", "counter");
  text.Sample(gets, "", with_result("hit"), std::to_string(stats.hits));
  text.Sample(gets, "", with_result("miss"), std::to_string(stats.misses));
  counter("cache_puts_total", "Values stored.", stats.sets);
  counter("cache_removals_total", "Entries invalidated.", stats.invalidations);
  if (stats.evictions) {
    counter("cache_evictions_total",
            "Entries removed to keep within the limits.", *stats.evictions);
  }
  PrometheusText::Family& loads = text.Begin(
      "cache_load_total", "Loaders that returned, or threw.", "counter");
  const uint64_t failures = std::min(stats.load_failures, stats.loads);
  text.Sample(loads, "", with_result("success"),
              std::to_string(stats.loads - failures));
  text.Sample(loads, "", with_result("failure"), std::to_string(failures));
  if (stats.entries) {
    text.Sample(text.Begin("cache_size", "Entries in the cache.", "gauge"), "",
                name, std::to_string(*stats.entries));
  }
}

}  // namespace appcache
