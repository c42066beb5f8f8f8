#include "tools/command/mrc.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "tools/command/exit_status.h"
#include "tools/command/line_reader.h"
#include "tools/command/progress.h"
#include "tools/command/report.h"
#include "tools/command/table.h"
#include "tools/curve/key_hash.h"
#include "tools/curve/lru_curve.h"
#include "tools/curve/simulators.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

// A trace whose keys are numbered, for the simulators.
struct NumberedTrace {
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>()(key);
    }
  };

  void Add(std::string_view key) {
    auto found = numbers.find(key);
    if (found == numbers.end()) {
      const auto number = static_cast<uint32_t>(numbers.size());
      found = numbers.emplace(std::string(key), number).first;
    }
    requests.push_back(found->second);
  }

  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> numbers;
  std::vector<uint32_t> requests;
};

Status ReadTrace(const MrcOptions& options, curve::LruCurve& lru,
                 NumberedTrace& numbered) {
  Result<LineReader> trace = LineReader::Open(options.trace);
  if (!trace.ok()) return trace.status();
  Progress progress("mrc", trace->file_bytes());
  std::string_view key;
  for (;;) {
    progress.UpdateBy([&] {
      return trace->file_bytes() > 0 ? trace->bytes_read()
                                     : trace->line_number();
    });
    const Result<bool> is_line = trace->Next(key, SqliteCache::kMaxKeyBytes);
    if (!is_line.ok()) return is_line.status();
    if (!*is_line) return Status();
    if (key.empty()) continue;
    lru.Request(curve::HashKey(key));
    if (options.compare) numbered.Add(key);
  }
}

struct Policy {
  const char* title;
  const char* field;
  uint64_t (*hits)(std::span<const uint32_t> trace, uint64_t capacity);
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
  std::vector<uint64_t> others;  // of kPolicies, with --compare
};

std::vector<Point> Measure(const std::vector<uint64_t>& capacities,
                           const curve::LruCurve& lru,
                           const NumberedTrace& numbered, bool compare) {
  std::vector<Point> points;
  Progress progress("mrc", capacities.size());
  for (const uint64_t capacity : capacities) {
    progress.Update(points.size());
    Point point{capacity, lru.Hits(capacity), {}};
    for (const Policy& policy : kPolicies) {
      if (!compare) break;
      point.others.push_back(policy.hits(numbered.requests, capacity));
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

std::string CapacityText(const curve::LruCurve& lru, double percent) {
  const auto requests = static_cast<double>(lru.requests());
  const std::optional<uint64_t> capacity =
      lru.CapacityFor(percent / 100 * requests);
  if (capacity) {
    return Fixed(percent, 2) + "% of hits: " + std::to_string(*capacity) +
           " entries\n";
  }
  return Fixed(percent, 2) + "% of hits: no capacity; at most " +
         Fixed(Percent(lru.most_hits(), lru.requests()), 2) +
         "% of the requests repeat a key\n";
}

int PrintTable(const MrcOptions& options, const curve::LruCurve& lru,
               const std::vector<Point>& points) {
  using Align = Table::Align;
  const char* const about = options.sample < 1 ? "about " : "";
  std::string text = "requests  " + std::to_string(lru.requests()) +
                     "\nkeys      " + about + Fixed(lru.keys(), 0) + "\n\n";
  std::vector<Table::Column> columns = {{"ENTRIES", Align::kRight},
                                        {"LRU HITS", Align::kRight}};
  for (const Policy& policy : kPolicies) {
    if (options.compare) columns.push_back({policy.title, Align::kRight});
  }
  columns.push_back({"LRU MISSES", Align::kLeft});
  Table table(std::move(columns));
  for (const Point& point : points) {
    const double percent = Percent(point.lru, lru.requests());
    std::vector<std::string> row = {std::to_string(point.capacity),
                                    Fixed(percent, 2) + "%"};
    for (const uint64_t hits : point.others) {
      row.push_back(
          Fixed(Percent(static_cast<double>(hits), lru.requests()), 2) + "%");
    }
    constexpr size_t kBarWidth = 30;
    row.push_back(Bar(100 - percent, kBarWidth));
    table.AddRow(std::move(row));
  }
  text += table.Render(0);
  if (!options.targets_percent.empty()) text += "\n";
  for (const double percent : options.targets_percent) {
    text += CapacityText(lru, percent);
  }
  return Print(text);
}

// A count, which is an estimate with --sample.
uint64_t Rounded(double number) {
  return static_cast<uint64_t>(std::llround(number));
}

int PrintJsonOf(const MrcOptions& options, const curve::LruCurve& lru,
                const std::vector<Point>& points) {
  Json curve = Json::array();
  for (const Point& point : points) {
    Json fields{{"entries", point.capacity},
                {"lru_hits", Rounded(point.lru)},
                {"lru_hit_percent", Percent(point.lru, lru.requests())}};
    for (size_t i = 0; i < std::size(kPolicies); ++i) {
      fields[kPolicies[i].field] =
          options.compare ? Json(point.others[i]) : Json(nullptr);
    }
    curve.push_back(std::move(fields));
  }
  Json targets = Json::array();
  for (const double percent : options.targets_percent) {
    const std::optional<uint64_t> capacity =
        lru.CapacityFor(percent / 100 * static_cast<double>(lru.requests()));
    targets.push_back(
        {{"hit_percent", percent},
         {"entries", capacity ? Json(*capacity) : Json(nullptr)}});
  }
  return PrintJson(Json{{"requests", lru.requests()},
                        {"keys", Rounded(lru.keys())},
                        {"sample", options.sample},
                        {"curve", std::move(curve)},
                        {"targets", std::move(targets)}});
}

Status NotPercent() {
  return Status(ErrorCode::kInvalidArgument,
                "a percentage above 0, at most 100, such as 90 or 99.5%");
}

}  // namespace

std::vector<uint64_t> RoundCapacities(uint64_t keys) {
  constexpr size_t kMost = 12;
  std::vector<uint64_t> capacities;
  for (uint64_t ten = 1; ten < keys; ten *= 10) {
    for (const uint64_t digit : {1, 2, 5}) {
      if (digit * ten < keys) capacities.push_back(digit * ten);
    }
    if (ten > UINT64_MAX / 100) break;
  }
  if (capacities.size() > kMost) {
    capacities.erase(capacities.begin(), capacities.end() - kMost);
  }
  if (keys > 0) capacities.push_back(keys);
  return capacities;
}

Result<std::vector<uint64_t>> ParseCapacities(std::string_view text) {
  std::vector<uint64_t> capacities;
  for (;;) {
    const std::string_view word = text.substr(0, text.find(','));
    uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() ||
        number == 0 || capacities.size() == kMaxCapacities) {
      return Status(ErrorCode::kInvalidArgument,
                    "up to " + std::to_string(kMaxCapacities) +
                        " numbers of entries, such as 100,1000,10000");
    }
    capacities.push_back(number);
    if (word.size() == text.size()) break;
    text.remove_prefix(word.size() + 1);
  }
  std::sort(capacities.begin(), capacities.end());
  capacities.erase(std::unique(capacities.begin(), capacities.end()),
                   capacities.end());
  return capacities;
}

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
  curve::LruCurve lru(options.sample);
  NumberedTrace numbered;
  const Status read = ReadTrace(options, lru, numbered);
  if (!read.ok()) return Fail(read);
  const std::vector<uint64_t> capacities =
      options.capacities.empty() ? RoundCapacities(Rounded(lru.keys()))
                                 : options.capacities;
  const std::vector<Point> points =
      Measure(capacities, lru, numbered, options.compare);
  return options.json ? PrintJsonOf(options, lru, points)
                      : PrintTable(options, lru, points);
}

}  // namespace appcache::command
