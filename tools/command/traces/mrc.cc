#include "tools/command/traces/mrc.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "tools/command/io/exit_status.h"
#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/text/table.h"
#include "tools/command/traces/capacities.h"
#include "tools/command/traces/trace_input.h"
#include "tools/curve/key_hash.h"
#include "tools/curve/lru_curve.h"
#include "tools/curve/simulators.h"
#include "tools/curve/ttl_curve.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

// A trace whose keys are numbered, for the simulators.
struct NumberedTrace {
  using Operation = curve::Access::Operation;

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>()(key);
    }
  };

  void Add(std::string_view key, Operation operation) {
    auto found = numbers.find(key);
    if (found == numbers.end()) {
      const auto number = static_cast<uint32_t>(numbers.size());
      found = numbers.emplace(std::string(key), number).first;
    }
    accesses.push_back({found->second, operation});
  }

  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> numbers;
  std::vector<curve::Access> accesses;
};

// The curves of a trace.
struct Curves {
  explicit Curves(double sample) : lru(sample) {}

  curve::LruCurve lru;
  // With ttls; none: the trace states none, or they are not asked for.
  std::optional<curve::TtlCurve> with_ttls;
  // With --compare.
  NumberedTrace numbered;
};

// Adds requests to curves.
class CurveCollector {
 public:
  CurveCollector(const MrcOptions& options, Curves& curves)
      : options_(options), curves_(curves) {
    if (options.ttls) curves_.with_ttls.emplace(options.sample);
  }

  void Add(const trace::Request& request) {
    const uint64_t key = curve::HashKey(request.key);
    has_ttls_ |= request.ttl != kNoTtl;
    has_times_ |= request.time.has_value();
    using Operation = NumberedTrace::Operation;
    switch (request.operation) {
      case trace::Operation::kGet:
        curves_.lru.Request(key);
        Number(request, Operation::kRequest);
        break;
      case trace::Operation::kSet:
        curves_.lru.Insert(key);
        Number(request, Operation::kInsert);
        break;
      case trace::Operation::kDelete:
        curves_.lru.Remove(key);
        Number(request, Operation::kRemove);
        break;
    }
    if (curves_.with_ttls) AddWithTtl(key, request);
  }

  // After the last request.
  void Finish() {
    if (has_ttls_ && has_times_) return;
    if (has_ttls_ && curves_.with_ttls) {
      NoteMissingTimes();
    }
    curves_.with_ttls.reset();
  }

 private:
  void Number(const trace::Request& request,
              NumberedTrace::Operation operation) {
    if (options_.compare) curves_.numbered.Add(request.key, operation);
  }

  void AddWithTtl(uint64_t key, const trace::Request& request) {
    const int64_t now = request.time.value_or(appcache::Ttl(0)).count();
    switch (request.operation) {
      case trace::Operation::kGet:
        return curves_.with_ttls->Request(key, now, request.ttl.count());
      case trace::Operation::kSet:
        return curves_.with_ttls->Insert(key, now, request.ttl.count());
      case trace::Operation::kDelete:
        return curves_.with_ttls->Remove(key, now);
    }
  }

  const MrcOptions& options_;
  Curves& curves_;
  bool has_ttls_ = false;
  bool has_times_ = false;
};

Status ReadTrace(const MrcOptions& options, Curves& curves) {
  Result<trace::Trace> trace = OpenTrace(options.trace, options.format);
  if (!trace.ok()) return trace.status();
  CurveCollector collector(options, curves);
  if (!trace::HasTtls(trace->format())) curves.with_ttls.reset();
  Status read = VisitRequests(*trace, "mrc", [&](trace::Request& request) {
    collector.Add(request);
    return Status();
  });
  collector.Finish();
  return read;
}

struct Policy {
  const char* title;
  const char* field;
  uint64_t (*hits)(std::span<const curve::Access> trace, uint64_t capacity);
};
constexpr Policy kPolicies[] = {
    {"FIFO", "fifo_hits", curve::FifoHits},
    {"S3-FIFO", "s3_fifo_hits", curve::S3FifoHits},
    {"OPTIMAL", "optimal_hits", curve::OptimalHits},
};

// The hits at one capacity.
struct Point {
  uint64_t capacity = 0;
  double lru = 0;
  double error = 0;  // of lru, in about 95 of 100 cases
  std::optional<double> with_ttls;
  std::vector<uint64_t> others;  // of kPolicies, with --compare
};

// In 95 of 100 cases, a number is this many standard errors away at most: that
// is Student's t of the parts of a sample, if they are normally distributed.
constexpr double kErrorFactor = 2.36;
static_assert(curve::LruCurve::kParts == 8);

std::vector<Point> Measure(const MrcOptions& options,
                           const std::vector<uint64_t>& capacities,
                           const Curves& curves) {
  std::vector<Point> points;
  Progress progress("mrc", capacities.size());
  for (const uint64_t capacity : capacities) {
    progress.Update(points.size());
    Point point;
    point.capacity = capacity;
    point.lru = curves.lru.Hits(capacity);
    point.error = std::min(kErrorFactor * curves.lru.HitsError(capacity),
                           static_cast<double>(curves.lru.requests()));
    if (curves.with_ttls) {
      point.with_ttls = curves.with_ttls->curve().Hits(capacity);
    }
    for (const Policy& policy : kPolicies) {
      if (!options.compare) break;
      point.others.push_back(policy.hits(curves.numbered.accesses, capacity));
    }
    points.push_back(std::move(point));
  }
  return points;
}

double Percent(double hits, uint64_t requests) {
  return requests == 0 ? 0 : 100 * hits / static_cast<double>(requests);
}

std::string Fixed(double number, int decimals) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  return text.data();
}

// The miss ratio as a bar of `width` columns, in eighths of a column.
std::string Bar(double percent, size_t width) {
  static constexpr const char* kEighths[] = {"",  "▏", "▎", "▍",
                                             "▌", "▋", "▊", "▉"};
  const auto eighths =
      static_cast<size_t>(percent / 100 * static_cast<double>(8 * width) + 0.5);
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::optional<uint64_t> CapacityFor(const curve::LruCurve& curve,
                                    double percent) {
  // A percentage with decimals is not exact in binary, and must not ask for a
  // hit more than its digits do.
  constexpr double kRounding = 1e-12;
  return curve.CapacityFor((1 - kRounding) * percent / 100 *
                           static_cast<double>(curve.requests()));
}

std::string TargetText(const Curves& curves, double percent) {
  std::string text = Fixed(percent, 2) + "% of hits: ";
  const auto add = [&](const curve::LruCurve& curve, const char* of) {
    const std::optional<uint64_t> capacity = CapacityFor(curve, percent);
    if (capacity) {
      text += std::to_string(*capacity) + " entries" + of;
      return;
    }
    text += std::string("no capacity") + of + "; the most is " +
            Fixed(Percent(curve.most_hits(), curve.requests()), 2) + "%";
  };
  add(curves.lru, "");
  if (curves.with_ttls) {
    text += "; ";
    add(curves.with_ttls->curve(), " with ttls");
  }
  return text + "\n";
}

std::vector<Table::Column> Columns(const MrcOptions& options,
                                   const Curves& curves) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"ENTRIES", Align::kRight},
                                        {"LRU HITS", Align::kRight}};
  if (options.sample < 1) columns.push_back({"ERROR", Align::kRight});
  if (curves.with_ttls) columns.push_back({"WITH TTLS", Align::kRight});
  for (const Policy& policy : kPolicies) {
    if (options.compare) columns.push_back({policy.title, Align::kRight});
  }
  columns.push_back({"LRU MISSES", Align::kLeft});
  return columns;
}

std::vector<std::string> Row(const MrcOptions& options, const Point& point,
                             uint64_t requests) {
  const double percent = Percent(point.lru, requests);
  std::vector<std::string> row = {std::to_string(point.capacity),
                                  Fixed(percent, 2) + "%"};
  if (options.sample < 1) {
    row.push_back("+-" + Fixed(Percent(point.error, requests), 2));
  }
  if (point.with_ttls) {
    row.push_back(Fixed(Percent(*point.with_ttls, requests), 2) + "%");
  }
  for (const uint64_t hits : point.others) {
    row.push_back(Fixed(Percent(static_cast<double>(hits), requests), 2) + "%");
  }
  constexpr size_t kBarWidth = 30;
  row.push_back(Bar(100 - percent, kBarWidth));
  return row;
}

int PrintTable(const MrcOptions& options, const Curves& curves,
               const std::vector<Point>& points) {
  const char* const about = options.sample < 1 ? "about " : "";
  std::string text = "requests  " + std::to_string(curves.lru.requests()) +
                     "\nkeys      " + about + Fixed(curves.lru.keys(), 0) +
                     "\n\n";
  Table table(Columns(options, curves));
  for (const Point& point : points) {
    table.AddRow(Row(options, point, curves.lru.requests()));
  }
  text += table.Render(0);
  if (!options.targets_percent.empty()) text += "\n";
  for (const double percent : options.targets_percent) {
    text += TargetText(curves, percent);
  }
  return Print(text);
}

// A count, which is an estimate with --sample.
uint64_t Rounded(double number) {
  return static_cast<uint64_t>(std::llround(number));
}

Json Describe(const MrcOptions& options, const Point& point,
              uint64_t requests) {
  Json fields{{"entries", point.capacity},
              {"lru_hits", Rounded(point.lru)},
              {"lru_hit_percent", Percent(point.lru, requests)},
              {"lru_hit_percent_error", Percent(point.error, requests)},
              {"lru_ttl_hits", nullptr},
              {"lru_ttl_hit_percent", nullptr}};
  if (point.with_ttls) {
    fields["lru_ttl_hits"] = Rounded(*point.with_ttls);
    fields["lru_ttl_hit_percent"] = Percent(*point.with_ttls, requests);
  }
  for (size_t i = 0; i < std::size(kPolicies); ++i) {
    fields[kPolicies[i].field] =
        options.compare ? Json(point.others[i]) : Json(nullptr);
  }
  return fields;
}

int PrintJsonOf(const MrcOptions& options, const Curves& curves,
                const std::vector<Point>& points) {
  Json curve = Json::array();
  for (const Point& point : points) {
    curve.push_back(Describe(options, point, curves.lru.requests()));
  }
  Json targets = Json::array();
  for (const double percent : options.targets_percent) {
    std::optional<uint64_t> with_ttls;
    if (curves.with_ttls) {
      with_ttls = CapacityFor(curves.with_ttls->curve(), percent);
    }
    targets.push_back({{"hit_percent", percent},
                       {"entries", OrNull(CapacityFor(curves.lru, percent))},
                       {"ttl_entries", OrNull(with_ttls)}});
  }
  return PrintJson(Json{{"requests", curves.lru.requests()},
                        {"keys", Rounded(curves.lru.keys())},
                        {"sample", options.sample},
                        {"ttls", curves.with_ttls.has_value()},
                        {"curve", std::move(curve)},
                        {"targets", std::move(targets)}});
}

Status NotPercent() {
  return Status(ErrorCode::kInvalidArgument,
                "a percentage above 0, at most 100, such as 90 or 99.5%");
}

}  // namespace

Result<double> ParsePercent(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), percent,
                      std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(percent > 0 && percent <= 100)) {
    return NotPercent();
  }
  return percent;
}

int Mrc(const MrcOptions& options) {
  if (options.compare && options.sample < 1) {
    return FailUsage("--compare needs all keys, and excludes --sample");
  }
  Curves curves(options.sample);
  const Status read = ReadTrace(options, curves);
  if (!read.ok()) return Fail(read);
  const std::vector<uint64_t> capacities =
      options.capacities.empty() ? RoundCapacities(Rounded(curves.lru.keys()))
                                 : options.capacities;
  const std::vector<Point> points = Measure(options, capacities, curves);
  return options.json ? PrintJsonOf(options, curves, points)
                      : PrintTable(options, curves, points);
}

}  // namespace appcache::command
