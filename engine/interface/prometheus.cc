#include "appcache/prometheus.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>

namespace appcache {
namespace {

// Escapes newlines, backslashes and the characters `others`.
std::string Escaped(std::string_view text, std::string_view others) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '\\' || others.find(c) != others.npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
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

PrometheusText::PrometheusText(std::string_view cache)
    : value_(Escaped(cache, "\"")) {}

PrometheusText::Family& PrometheusText::Begin(std::string_view name,
                                              std::string_view help,
                                              std::string_view type) {
  assert(IsName(name));
  Family& family = families_.emplace_back();
  family.name = name;
  family.header.append("# HELP ").append(name).append(" ");
  family.header.append(Escaped(help, "")).append("\n");
  family.header.append("# TYPE ").append(name).append(" ");
  family.header.append(type).append("\n");
  return family;
}

void PrometheusText::Sample(Family& family, std::string_view suffix,
                            std::string_view labels,
                            std::string_view value) const {
  family.samples.append(family.name).append(suffix).append("{cache=\"");
  family.samples.append(value_).append("\"").append(labels).append("} ");
  family.samples.append(value).append("\n");
}

void PrometheusText::Counter(std::string_view name, std::string_view help,
                             uint64_t value) {
  Family& family =
      Begin("appcache_" + std::string(name) + "_total", help, "counter");
  Sample(family, "", "", std::to_string(value));
}

void PrometheusText::Gauge(std::string_view name, std::string_view help,
                           double value) {
  Family& family = Begin("appcache_" + std::string(name), help, "gauge");
  Sample(family, "", "", ToText(value));
}

void PrometheusText::Gauges(std::string_view name, std::string_view help,
                            std::string_view label,
                            std::span<const Labelled> values) {
  Family& family = Begin("appcache_" + std::string(name), help, "gauge");
  for (const Labelled& labelled : values) {
    std::string labels = ",";
    labels.append(label)
        .append("=\"")
        .append(labelled.label_value)
        .append("\"");
    Sample(family, "", labels, ToText(labelled.value));
  }
}

void PrometheusText::Histogram(std::string_view name, std::string_view help,
                               std::span<const double> bounds,
                               std::span<const uint64_t> counts, double sum) {
  assert(counts.size() == bounds.size() + 1);
  assert(std::is_sorted(bounds.begin(), bounds.end()));
  Family& family = Begin("appcache_" + std::string(name), help, "histogram");
  uint64_t up_to = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    up_to += counts[i];
    const std::string bound = i < bounds.size() ? ToText(bounds[i]) : "+Inf";
    Sample(family, "_bucket", ",le=\"" + bound + "\"", std::to_string(up_to));
  }
  Sample(family, "_sum", "", ToText(sum));
  Sample(family, "_count", "", std::to_string(up_to));
}

void PrometheusText::Append(const PrometheusText& other) {
  assert(&other != this);
  for (const Family& added : other.families_) {
    const auto found = std::find_if(
        families_.begin(), families_.end(),
        [&](const Family& family) { return family.name == added.name; });
    if (found == families_.end()) {
      families_.push_back(added);
    } else {
      found->samples += added.samples;
    }
  }
}

std::string PrometheusText::text() const {
  std::string text;
  for (const Family& family : families_) {
    text.append(family.header).append(family.samples);
  }
  return text;
}

namespace {

void AddCurve(PrometheusText& text, const HitRatioCurve& curve) {
  std::array<std::string, HitRatioCurve::kScales.size()> scales;
  std::array<PrometheusText::Labelled, HitRatioCurve::kScales.size()> ratios;
  for (size_t i = 0; i < scales.size(); ++i) {
    scales[i] = ToText(curve.points[i].scale);
    ratios[i] = {scales[i], curve.points[i].hit_ratio};
  }
  text.Gauges("estimated_hit_ratio",
              "Share of reads that would hit with so many times the entries.",
              "scale", ratios);
}

}  // namespace

void AddTo(PrometheusText& text, const CacheStats& stats) {
  text.Counter("hits", "Reads that found a value.", stats.hits);
  text.Counter("misses", "Reads that found no value.", stats.misses);
  text.Counter("read_errors", "Misses because of a failure.",
               stats.read_errors);
  text.Counter("sets", "Values stored.", stats.sets);
  text.Counter("invalidations", "Entries invalidated.", stats.invalidations);
  text.Counter("write_errors", "Writes that failed.", stats.write_errors);
  text.Counter("loads", "Loaders that returned or threw.", stats.loads);
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
  if (stats.flush_failures) {
    text.Counter("flush_failures",
                 "Writes of the write-behind window that failed.",
                 *stats.flush_failures);
  }
  if (stats.entries) {
    text.Gauge("entries", "Entries in the cache.",
               static_cast<double>(*stats.entries));
  }
  if (stats.bytes) {
    text.Gauge("bytes", "Bytes of keys and values in the cache.",
               static_cast<double>(*stats.bytes));
  }
  const auto memory = [&text](std::string_view name, std::string_view help,
                              std::optional<uint64_t> bytes) {
    if (bytes) text.Gauge(name, help, static_cast<double>(*bytes));
  };
  memory("database_memory_bytes", "Memory of the database.",
         stats.database_memory_bytes);
  memory("log_memory_bytes", "Memory of the write-ahead log.",
         stats.log_memory_bytes);
  memory("directory_bytes", "Memory of the directory of all entries.",
         stats.directory_bytes);
  memory("resident_bytes", "Memory of keys and values that are read from it.",
         stats.resident_bytes);
  memory("pending_bytes", "Memory of writes that the database does not have.",
         stats.pending_bytes);
  memory("retired_bytes", "Memory of removed entries that may still be in use.",
         stats.retired_bytes);
  if (stats.hit_ratio_curve) AddCurve(text, *stats.hit_ratio_curve);
}

}  // namespace appcache
