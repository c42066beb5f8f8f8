#include "tools/command/traces/replay_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"
#include "tools/command/text/table.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

struct Percentile {
  const char* title;
  const char* field;
  unsigned per_mille;
};
constexpr Percentile kPercentiles[] = {{"P50", "p50_ms", 500},
                                       {"P90", "p90_ms", 900},
                                       {"P99", "p99_ms", 990},
                                       {"P99.9", "p99_9_ms", 999}};

Json Describe(const Histogram& histogram) {
  Json times{{"count", histogram.count()}};
  for (const Percentile& percentile : kPercentiles) {
    times[percentile.field] =
        Milliseconds(histogram.Percentile(percentile.per_mille));
  }
  times["max_ms"] = Milliseconds(histogram.max());
  return times;
}

std::vector<std::string> Row(const char* name, const Histogram& histogram) {
  std::vector<std::string> row{name, std::to_string(histogram.count())};
  for (const Percentile& percentile : kPercentiles) {
    row.push_back(
        FormatNanoseconds(histogram.Percentile(percentile.per_mille)));
  }
  row.push_back(FormatNanoseconds(histogram.max()));
  return row;
}

std::string Fixed(double number, int decimals, const char* unit) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f%s", decimals, number, unit);
  return text.data();
}

double Share(uint64_t part, uint64_t all) {
  if (all == 0) return 0;
  return 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

// "16.42% with 0.25x the entries, 23.34% with 0.5x, ..."
std::string Estimates(const HitRatioCurve& curve) {
  std::string text;
  for (const HitRatioCurve::Point& point : curve.points) {
    if (point.scale == 1) continue;
    const bool is_first = text.empty();
    if (!is_first) text += ", ";
    text += Fixed(100 * point.hit_ratio, 2, "%") + " with ";
    text += Fixed(point.scale, 2, "x");
    if (is_first) text += " the entries";
  }
  return text;
}

Json EstimatesJson(const std::optional<HitRatioCurve>& curve) {
  if (!curve) return nullptr;
  Json estimates = Json::array();
  for (const HitRatioCurve::Point& point : curve->points) {
    estimates.push_back(
        {{"scale", point.scale}, {"hit_percent", 100 * point.hit_ratio}});
  }
  return estimates;
}

std::string OneReport(const ReplayReport& report) {
  std::string text = "requests        " + std::to_string(report.requests) +
                     "\nhits            " + std::to_string(report.hits) +
                     "\nhit ratio       " + Fixed(report.HitPercent(), 4, "%") +
                     "\nbyte hit ratio  " +
                     Fixed(report.ByteHitPercent(), 4, "%") +
                     "\nthroughput      " +
                     Fixed(report.OperationsPerSecond(), 0, "/s") + "\n";
  if (report.estimates) {
    text += "estimated       " + Estimates(*report.estimates) + "\n";
  }
  if (report.too_large > 0) {
    text += "too large       " + std::to_string(report.too_large) + "\n";
  }
  std::vector<Table::Column> columns = {{"", Align::kLeft},
                                        {"COUNT", Align::kRight}};
  for (const Percentile& percentile : kPercentiles) {
    columns.push_back({percentile.title, Align::kRight});
  }
  columns.push_back({"MAX", Align::kRight});
  Table table(std::move(columns));
  table.AddRow(Row("get", report.gets));
  table.AddRow(Row("set", report.sets));
  if (report.deletes.count() > 0) table.AddRow(Row("delete", report.deletes));
  return text + "\n" + table.Render(0);
}

std::string AllReports(const std::vector<ReplayReport>& reports) {
  const auto has = [&](auto limit) {
    return std::any_of(reports.begin(), reports.end(),
                       [&](const ReplayReport& report) {
                         return (report.*limit).has_value();
                       });
  };
  const bool has_entries = has(&ReplayReport::max_entries);
  const bool has_bytes = has(&ReplayReport::max_bytes);
  std::vector<Table::Column> columns;
  if (has_entries) columns.push_back({"ENTRIES", Align::kRight});
  if (has_bytes) columns.push_back({"BYTES", Align::kRight});
  for (const char* const title :
       {"HITS", "HIT RATIO", "BYTE HIT RATIO", "THROUGHPUT", "GET P50",
        "GET P99", "GET P99.9", "SET P50", "SET P99", "SET P99.9"}) {
    columns.push_back({title, Align::kRight});
  }
  Table table(std::move(columns));
  for (const ReplayReport& report : reports) {
    std::vector<std::string> row;
    if (has_entries) row.push_back(std::to_string(*report.max_entries));
    if (has_bytes) row.push_back(std::to_string(*report.max_bytes));
    row.push_back(std::to_string(report.hits));
    row.push_back(Fixed(report.HitPercent(), 4, "%"));
    row.push_back(Fixed(report.ByteHitPercent(), 4, "%"));
    row.push_back(Fixed(report.OperationsPerSecond(), 0, "/s"));
    for (const Histogram* histogram : {&report.gets, &report.sets}) {
      for (const unsigned per_mille : {500u, 990u, 999u}) {
        row.push_back(FormatNanoseconds(histogram->Percentile(per_mille)));
      }
    }
    table.AddRow(std::move(row));
  }
  return "requests  " + std::to_string(reports.front().requests) + "\n\n" +
         table.Render(0);
}

}  // namespace

double ReplayReport::OperationsPerSecond() const {
  if (nanoseconds == 0) return 0;
  return 1e9 * static_cast<double>(trace_operations) /
         static_cast<double>(nanoseconds);
}

double ReplayReport::HitPercent() const { return Share(hits, requests); }

double ReplayReport::ByteHitPercent() const {
  return Share(hit_bytes, requested_bytes);
}

int PrintReplay(const std::vector<ReplayReport>& reports) {
  return Print(reports.size() == 1 ? OneReport(reports.front())
                                   : AllReports(reports));
}

int PrintReplayJson(const std::vector<ReplayReport>& reports) {
  for (const ReplayReport& report : reports) {
    const int status =
        PrintJson(Json{{"max_entries", OrNull(report.max_entries)},
                       {"max_bytes", OrNull(report.max_bytes)},
                       {"requests", report.requests},
                       {"hits", report.hits},
                       {"hit_percent", report.HitPercent()},
                       {"byte_hit_percent", report.ByteHitPercent()},
                       {"operations_per_s", report.OperationsPerSecond()},
                       {"too_large", report.too_large},
                       {"estimates", EstimatesJson(report.estimates)},
                       {"gets", Describe(report.gets)},
                       {"sets", Describe(report.sets)},
                       {"deletes", Describe(report.deletes)}});
    if (status != kDone) return status;
  }
  return kDone;
}

}  // namespace appcache::command
