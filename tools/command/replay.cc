#include "tools/command/replay.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "engine/uri/scheme_registry.h"
#include "tools/command/exit_status.h"
#include "tools/command/location.h"
#include "tools/command/progress.h"
#include "tools/command/report.h"
#include "tools/command/table.h"
#include "tools/command/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using SteadyClock = std::chrono::steady_clock;

struct Percentile {
  const char* field;
  unsigned per_mille;
};
constexpr Percentile kPercentiles[] = {
    {"p50_ms", 500}, {"p90_ms", 900}, {"p99_ms", 990}, {"p99_9_ms", 999}};

Json Time(uint64_t nanoseconds) {
  return Milliseconds(
      std::chrono::nanoseconds(static_cast<int64_t>(nanoseconds)));
}

uint64_t Nanoseconds(SteadyClock::duration duration) {
  using std::chrono::nanoseconds;
  return static_cast<uint64_t>(
      std::chrono::duration_cast<nanoseconds>(duration).count());
}

Status AtLine(const LineReader& trace, const Status& status) {
  return Status(status.error().code,
                "line " + std::to_string(trace.line_number()) + ": " +
                    status.error().message,
                status.error().native_code);
}

bool IsLimit(const internal::Uri::Option& option) {
  return option.name == "max_entries" || option.name == "max_bytes";
}

bool HasMaxEntries(const internal::Uri& location) {
  return std::any_of(location.options.begin(), location.options.end(),
                     [](const internal::Uri::Option& option) {
                       return option.name == "max_entries";
                     });
}

// kInvalidArgument when the cache has entries. Opens it without limits, so that
// no entry of an existing cache is evicted.
Status CheckEmpty(internal::Uri location, const CacheFlags& flags) {
  const std::string kind = KindOf(location);
  std::erase_if(location.options, IsLimit);
  CacheFlags unlimited;
  unlimited.uri = flags.uri;
  const auto cache =
      OpenLocation(std::move(location), unlimited, IfMissing::kCreate);
  if (!cache.ok()) return cache.status();
  const std::optional<uint64_t> entries = (*cache)->Stats().entries;
  if (!entries) {
    return Status(ErrorCode::kUnsupported,
                  "replay needs an empty cache, and " + kind +
                      " cannot report its number of entries; omit --cache, or "
                      "name a new SQLite file");
  }
  if (*entries == 0) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "replay needs an empty cache, but this one has " +
                    std::to_string(*entries) + " entries; name a new file");
}

// Requires a limit for a SQLite cache: without one, every key hits from its
// second request on.
Status CheckLimit(const CacheFlags& flags) {
  if (flags.max_entries) return Status();
  if (!flags.uri.empty()) {
    const Result<internal::Uri> location = LocationOf(flags);
    if (!location.ok()) return location.status();
    if (location->scheme != "sqlite" || HasMaxEntries(*location)) {
      return Status();
    }
  }
  return Status(ErrorCode::kInvalidArgument,
                "replay: missing --max-entries N, the size of the measured "
                "cache");
}

Result<std::unique_ptr<Cache>> OpenEmpty(const CacheFlags& flags) {
  if (flags.uri.empty()) {
    SqliteCacheOptions options;
    options.max_entries = *flags.max_entries;
    options.max_bytes = flags.max_bytes;
    return internal::ToCache(SqliteCache::OpenInMemory(
        options, "appcache_replay_" + std::to_string(getpid())));
  }
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  Status empty = CheckEmpty(*std::move(location), flags);
  if (!empty.ok()) return empty;
  return OpenCache(flags, IfMissing::kCreate);
}

Json Describe(const Histogram& histogram) {
  Json times{{"count", histogram.count()}};
  for (const Percentile& percentile : kPercentiles) {
    times[percentile.field] = Time(histogram.Percentile(percentile.per_mille));
  }
  times["max_ms"] = Time(histogram.max());
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

double HitPercent(const ReplayReport& report) {
  if (report.requests == 0) return 0;
  return 100.0 * static_cast<double>(report.hits) /
         static_cast<double>(report.requests);
}

int PrintReport(const ReplayReport& report) {
  std::array<char, 160> text;
  std::snprintf(text.data(), text.size(),
                "requests   %llu\nhits       %llu\nhit ratio  %.4f%%\n\n",
                static_cast<unsigned long long>(report.requests),
                static_cast<unsigned long long>(report.hits),
                HitPercent(report));
  Table table({{"", Table::Align::kLeft},
               {"COUNT", Table::Align::kRight},
               {"P50", Table::Align::kRight},
               {"P90", Table::Align::kRight},
               {"P99", Table::Align::kRight},
               {"P99.9", Table::Align::kRight},
               {"MAX", Table::Align::kRight}});
  table.AddRow(Row("get", report.gets));
  table.AddRow(Row("set", report.sets));
  return Print(text.data() + table.Render(0));
}

}  // namespace

Status ReplayTrace(LineReader& trace, Backend& backend, std::string_view value,
                   ReplayReport& report) {
  std::string_view key;
  Progress progress("replay", trace.file_bytes());
  for (;;) {
    progress.UpdateBy([&] {
      return trace.file_bytes() > 0 ? trace.bytes_read() : trace.line_number();
    });
    const Result<bool> is_line = trace.Next(key, SqliteCache::kMaxKeyBytes);
    if (!is_line.ok()) return is_line.status();
    if (!*is_line) return Status();
    if (key.empty()) continue;
    const auto begin = SteadyClock::now();
    const Lookup<Bytes> found = backend.GetRaw(key);
    const auto middle = SteadyClock::now();
    report.gets.Record(Nanoseconds(middle - begin));
    ++report.requests;
    if (found.has_error()) return AtLine(trace, found.status());
    if (found) {
      ++report.hits;
      continue;
    }
    const Status stored = backend.SetRaw(key, value, kNoTtl);
    report.sets.Record(Nanoseconds(SteadyClock::now() - middle));
    if (!stored.ok()) return AtLine(trace, stored);
  }
}

int Replay(const ReplayOptions& options) {
  const Status limited = CheckLimit(options.cache);
  if (!limited.ok()) return Fail(limited);
  Result<LineReader> trace = LineReader::Open(options.trace);
  if (!trace.ok()) return Fail(trace.status());
  const auto cache = OpenEmpty(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const std::string value(options.value_bytes, 'v');
  ReplayReport report;
  const Status status =
      ReplayTrace(*trace, *(*cache)->backend(), value, report);
  if (!status.ok()) return Fail(status);
  if (!options.json) return PrintReport(report);
  return PrintJson(Json{{"requests", report.requests},
                        {"hits", report.hits},
                        {"hit_percent", HitPercent(report)},
                        {"gets", Describe(report.gets)},
                        {"sets", Describe(report.sets)}});
}

}  // namespace appcache::command
