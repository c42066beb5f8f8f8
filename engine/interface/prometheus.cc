#include "appcache/prometheus.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace appcache {
namespace {

std::string Label(std::string_view cache) {
  std::string label = "cache=\"";
  for (const char c : cache) {
    if (c == '\n') {
      label += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') label += '\\';
    label += c;
  }
  label += '"';
  return label;
}

[[maybe_unused]] bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
}

std::string ToText(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return {digits, end};
}

}  // namespace

PrometheusText::PrometheusText(std::string_view cache) : label_(Label(cache)) {}

void PrometheusText::Begin(const std::string& name, std::string_view help,
                           std::string_view type) {
  assert(IsName(name));
  assert(help.find('\n') == std::string_view::npos);
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::Sample(std::string_view name, std::string_view more,
                            std::string_view value) {
  text_.append(name).append("{").append(label_).append(more).append("} ");
  text_.append(value).append("\n");
}

void PrometheusText::Counter(std::string_view name, std::string_view help,
                             uint64_t value) {
  const std::string whole = "appcache_" + std::string(name) + "_total";
  Begin(whole, help, "counter");
  Sample(whole, "", std::to_string(value));
}

void PrometheusText::Gauge(std::string_view name, std::string_view help,
                           double value) {
  const std::string whole = "appcache_" + std::string(name);
  Begin(whole, help, "gauge");
  Sample(whole, "", ToText(value));
}

void PrometheusText::Histogram(std::string_view name, std::string_view help,
                               std::span<const double> bounds,
                               std::span<const uint64_t> counts, double sum) {
  assert(counts.size() == bounds.size() + 1);
  assert(std::is_sorted(bounds.begin(), bounds.end()));
  const std::string whole = "appcache_" + std::string(name);
  Begin(whole, help, "histogram");
  uint64_t up_to = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    up_to += counts[i];
    const std::string bound = i < bounds.size() ? ToText(bounds[i]) : "+Inf";
    Sample(whole + "_bucket", ",le=\"" + bound + "\"", std::to_string(up_to));
  }
  Sample(whole + "_sum", "", ToText(sum));
  Sample(whole + "_count", "", std::to_string(up_to));
}

void AddTo(PrometheusText& text, const CacheStats& stats) {
  text.Counter("hits", "Reads that found a value.", stats.hits);
  text.Counter("misses", "Reads that found no value.", stats.misses);
  text.Counter("read_errors", "Misses because of a failure.",
               stats.read_errors);
  text.Counter("sets", "Values stored.", stats.sets);
  text.Counter("invalidations", "Entries invalidated.", stats.invalidations);
  text.Counter("write_errors", "Writes that failed.", stats.write_errors);
  text.Counter("loads", "Loaders run.", stats.loads);
  text.Counter("load_failures", "Loaders that threw.", stats.load_failures);
  text.Counter("loads_shared",
               "Callers that got the value of another caller's load.",
               stats.loads_shared);
  text.Counter("negative_hits", "Callers that got a remembered absence.",
               stats.negative_hits);
  text.Counter("stale_served", "Stale values returned instead of loaded ones.",
               stats.stale_served);
  text.Counter("refreshes", "Loads started shortly before a value expires.",
               stats.refreshes);
  text.Counter("loads_timed_out", "Callers that stopped waiting for a load.",
               stats.loads_timed_out);
  text.Counter("lock_waits", "Loads that waited for another process.",
               stats.lock_waits);
  if (stats.evictions) {
    text.Counter("evictions", "Entries removed to keep within the limits.",
                 *stats.evictions);
  }
  if (stats.expirations) {
    text.Counter("expirations", "Entries removed because they had expired.",
                 *stats.expirations);
  }
  if (stats.entries) {
    text.Gauge("entries", "Entries in the cache.",
               static_cast<double>(*stats.entries));
  }
  if (stats.bytes) {
    text.Gauge("bytes", "Bytes of keys and values in the cache.",
               static_cast<double>(*stats.bytes));
  }
  if (stats.database_memory_bytes) {
    text.Gauge("database_memory_bytes", "Memory of the database.",
               static_cast<double>(*stats.database_memory_bytes));
  }
  if (stats.resident_bytes) {
    text.Gauge("resident_bytes", "Memory of values that are read often.",
               static_cast<double>(*stats.resident_bytes));
  }
  if (stats.log_memory_bytes) {
    text.Gauge("log_memory_bytes", "Memory of the write-ahead log.",
               static_cast<double>(*stats.log_memory_bytes));
  }
}

}  // namespace appcache
