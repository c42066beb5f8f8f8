#include "tools/command/entries/ping.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"
#include "tools/command/text/table.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using SteadyClock = std::chrono::steady_clock;

Json LimitOrNull(uint64_t limit) {
  return limit == BackendTraits::kNoLimit ? Json(nullptr) : Json(limit);
}

std::string SizeOrNone(uint64_t limit) {
  return limit == BackendTraits::kNoLimit ? "none" : FormatSize(limit);
}

int PrintAsJson(const BackendTraits& traits, const PingReport& report) {
  const Histogram& times = report.round_trips;
  Json json;
  SetBytes(json, "cache", traits.location);
  json["backend"] = traits.name;
  SetBytes(json, "version", report.version);
  json["pings"] = times.count();
  json["min_ms"] = Milliseconds(times.min());
  json["p50_ms"] = Milliseconds(times.Percentile(500));
  json["p90_ms"] = Milliseconds(times.Percentile(900));
  json["p99_ms"] = Milliseconds(times.Percentile(990));
  json["max_ms"] = Milliseconds(times.max());
  SetBytes(json, "cleared", traits.cleared);
  json["shared"] = traits.is_shared;
  json["persistent"] = traits.is_persistent;
  json["supports_ttl_query"] = traits.supports_ttl_query;
  json["supports_add"] = traits.supports_add;
  json["supports_watch"] = traits.supports_watch;
  json["supports_listing"] = traits.supports_walk;
  json["ttl_resolution_ms"] = traits.ttl_resolution.count();
  json["max_key_bytes"] = LimitOrNull(traits.max_key_bytes);
  json["max_value_bytes"] = LimitOrNull(traits.max_value_bytes);
  json["limits"] = Json::object();
  for (const auto& [name, value] : traits.limits) json["limits"][name] = value;
  return PrintJson(json);
}

std::string Describe(const BackendTraits& traits, const std::string& version) {
  constexpr size_t kNameWidth = 17;
  std::string text;
  const auto add = [&](std::string name, const std::string& value) {
    name.resize(std::max(kNameWidth, name.size() + 1), ' ');
    text += name + Escape(value) + "\n";
  };
  const auto yes_or_no = [](bool yes) { return yes ? "yes" : "no"; };
  add("cache", traits.location);
  add("backend", traits.name + ", " + version);
  add("clear removes", traits.cleared);
  add("shared", yes_or_no(traits.is_shared));
  add("persistent", yes_or_no(traits.is_persistent));
  add("longest key", SizeOrNone(traits.max_key_bytes));
  add("largest value", SizeOrNone(traits.max_value_bytes));
  add("ttl resolution", std::to_string(traits.ttl_resolution.count()) + " ms");
  add("ttl queries", traits.supports_ttl_query ? "supported" : "not supported");
  add("listing", traits.supports_walk ? "supported" : "not supported");
  for (const auto& [name, value] : traits.limits) add(name, value);
  return text;
}

std::string RoundTrips(const Histogram& times) {
  Table table({{"PINGS", Table::Align::kRight},
               {"MIN", Table::Align::kRight},
               {"P50", Table::Align::kRight},
               {"P90", Table::Align::kRight},
               {"P99", Table::Align::kRight},
               {"MAX", Table::Align::kRight}});
  table.AddRow({std::to_string(times.count()), FormatNanoseconds(times.min()),
                FormatNanoseconds(times.Percentile(500)),
                FormatNanoseconds(times.Percentile(900)),
                FormatNanoseconds(times.Percentile(990)),
                FormatNanoseconds(times.max())});
  return table.Render(0);
}

}  // namespace

Status PingAll(Backend& backend, uint64_t count, PingReport& report) {
  for (uint64_t i = 0; i < count; ++i) {
    const auto begin = SteadyClock::now();
    Result<std::string> version = backend.Ping();
    const SteadyClock::duration time = SteadyClock::now() - begin;
    if (!version.ok()) {
      if (i == 0) return version.status();
      const Error& error = version.error();
      return Status(error.code,
                    "ping " + std::to_string(i + 1) + " of " +
                        std::to_string(count) + " failed: " + error.message,
                    error.native_code);
    }
    report.round_trips.Record(static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()));
    report.version = *std::move(version);
  }
  return Status();
}

int Ping(const PingOptions& options) {
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  PingReport report;
  const Status pinged = PingAll(*(*cache)->backend(), options.count, report);
  if (!pinged.ok()) return Fail(pinged);
  const BackendTraits traits = (*cache)->Traits();
  if (options.json) return PrintAsJson(traits, report);
  return Print(Describe(traits, report.version) + "\n" +
               RoundTrips(report.round_trips));
}

}  // namespace appcache::command
