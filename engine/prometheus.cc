#include "engine/prometheus.h"

#include <charconv>

namespace appcache {
namespace {

std::string Labels(std::string_view cache) {
  std::string labels = "{cache=\"";
  for (const char c : cache) {
    if (c == '\n') {
      labels += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') labels += '\\';
    labels += c;
  }
  labels += "\"} ";
  return labels;
}

}  // namespace

PrometheusText::PrometheusText(std::string_view cache)
    : labels_(Labels(cache)) {}

void PrometheusText::Begin(const std::string& name, std::string_view help,
                           std::string_view type) {
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  text_.append(name).append(labels_);
}

void PrometheusText::Counter(std::string_view name, std::string_view help,
                             uint64_t value) {
  Begin("appcache_" + std::string(name) + "_total", help, "counter");
  text_.append(std::to_string(value)).append("\n");
}

void PrometheusText::Gauge(std::string_view name, std::string_view help,
                           double value) {
  Begin("appcache_" + std::string(name), help, "gauge");
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text_.append(digits, end).append("\n");
}

void AddTo(PrometheusText& text, const CacheStats& stats) {
  text.Counter("hits", "Reads that found a value.", stats.hits);
  text.Counter("misses", "Reads that found none.", stats.misses);
  text.Counter("read_errors", "Misses because of a failure.",
               stats.read_errors);
  text.Counter("sets", "Values stored.", stats.sets);
  text.Counter("invalidations", "Entries invalidated.", stats.invalidations);
  text.Counter("write_errors", "Writes that failed.", stats.write_errors);
  text.Counter("loads", "Loaders run.", stats.loads);
  text.Counter("load_failures", "Loaders that threw.", stats.load_failures);
  text.Counter("loads_shared", "Callers who got another one's load.",
               stats.loads_shared);
  text.Counter("negative_hits", "Callers told that there is no value.",
               stats.negative_hits);
  text.Counter("stale_served", "Stale values returned in place of a load's.",
               stats.stale_served);
  text.Counter("refreshes", "Loads begun before the end of a value.",
               stats.refreshes);
  text.Counter("loads_timed_out", "Callers who waited no longer.",
               stats.loads_timed_out);
  text.Counter("lock_waits", "Loads that found another process loading.",
               stats.lock_waits);
  if (stats.evictions) {
    text.Counter("evictions", "Entries removed to keep the limits.",
                 *stats.evictions);
  }
  if (stats.expirations) {
    text.Counter("expirations", "Entries removed because they had ended.",
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
}

}  // namespace appcache
