#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/command/io/report.h"
#include "tools/command/stats/stats_rates.h"
#include "tools/command/stats/stats_text.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using std::chrono::duration_cast;
using Json = nlohmann::ordered_json;

Json Tier(const StatsView& view) {
  if (!view.now.tier) return nullptr;
  const TierReport& tier = *view.now.tier;
  Json json;
  json["coherence"] = ToString(tier.coherence);
  json["coherent"] = tier.is_coherent;
  json["heartbeat_age_ms"] =
      tier.heartbeat_age ? Milliseconds(*tier.heartbeat_age) : Json(nullptr);
  json["heartbeat_delay_ms"] = Milliseconds(tier.heartbeat_delay);
  json["links_made"] = tier.links_made;
  json["links_lost"] = tier.links_lost;
  json["changes_notified"] = tier.changes_notified;
  json["changes_notified_per_s"] = OrNull(ChangesRate(view));
  json["full_invalidations"] = tier.full_invalidations;
  json["breaker_closed"] = tier.breaker_is_closed;
  json["breaker_openings"] = tier.breaker_openings;
  json["invalidations_queued"] = tier.invalidations_queued;
  json["invalidations_lost"] = tier.invalidations_lost;
  json["local_hits"] = tier.local_hits;
  json["stale_hits"] = tier.stale_hits;
  json["negative_hits"] = tier.negative_hits;
  json["remote_hits"] = tier.remote_hits;
  json["remote_misses"] = tier.remote_misses;
  json["remote_errors"] = tier.remote_errors;
  return json;
}

Json Curve(const std::optional<HitRatioCurve>& curve) {
  if (!curve) return nullptr;
  Json json;
  json["entries"] = curve->entries;
  json["samples"] = curve->samples;
  json["points"] = Json::array();
  for (const HitRatioCurve::Point& point : curve->points) {
    json["points"].push_back(
        {{"scale", point.scale}, {"hit_percent", 100 * point.hit_ratio}});
  }
  return json;
}

// The counters of a program; the command has none of its own to report.
void AddCounters(const StatsView& view, Json& json) {
  const CacheStats& stats = view.now.stats;
  const bool is_known = view.now.program && view.now.answer.ok();
  const auto add = [&](const char* name, const Json& value) {
    json[name] = is_known ? value : Json(nullptr);
  };
  add("hits", stats.hits);
  add("misses", stats.misses);
  add("hit_percent", OrNull(HitPercent(stats)));
  add("reads_per_s", OrNull(ReadsRate(view)));
  add("read_errors", stats.read_errors);
  add("sets", stats.sets);
  add("invalidations", stats.invalidations);
  add("write_errors", stats.write_errors);
  add("loads", stats.loads);
  add("load_failures", stats.load_failures);
  add("evictions", OrNull(stats.evictions));
  add("expirations", OrNull(stats.expirations));
  add("hit_ratio_curve", Curve(stats.hit_ratio_curve));
}

void AddFigures(const StatsView& view, Json& json) {
  const StatsSample& now = view.now;
  const bool answered = now.answer.ok();
  const bool pinged = answered && !now.program;
  json["ping_ms"] = pinged ? Milliseconds(now.round_trip) : Json(nullptr);
  json["error"] =
      answered ? Json(nullptr) : Json(Escape(now.answer.error().message));
  json["entries"] = OrNull(now.stats.entries);
  json["bytes"] = OrNull(now.stats.bytes);
  json["entries_per_s"] = OrNull(EntriesRate(view));
  json["bytes_per_s"] = OrNull(BytesRate(view));
  json["file_bytes"] =
      now.file_bytes ? Json(now.file_bytes->file) : Json(nullptr);
  json["log_bytes"] =
      now.file_bytes ? Json(now.file_bytes->log) : Json(nullptr);
  json["database_memory_bytes"] = OrNull(now.stats.database_memory_bytes);
  json["log_memory_bytes"] = OrNull(now.stats.log_memory_bytes);
  json["resident_bytes"] = OrNull(now.stats.resident_bytes);
  json["tier"] = Tier(view);
  AddCounters(view, json);
}

// Appends " hit_percent_xSCALE=VALUE" for each point of a curve.
void AppendPoints(const Json& points, std::string& line) {
  for (const Json& point : points) {
    line.append(" hit_percent_x").append(point["scale"].dump());
    line.append("=").append(point["hit_percent"].dump());
  }
}

// Appends " NAME=VALUE" for the known figures.
void AppendFigures(const Json& figures, const std::string& prefix,
                   std::string& line) {
  for (const auto& [name, value] : figures.items()) {
    if (value.is_null()) continue;
    if (value.is_object()) {
      AppendFigures(value, name + "_", line);
      continue;
    }
    if (value.is_array()) {
      AppendPoints(value, line);
      continue;
    }
    line.append(" ").append(prefix).append(name).append("=");
    // Only an error message contains blanks and needs quotes.
    const bool is_word = value.is_string() && name != "error";
    line += is_word ? value.get<std::string>() : value.dump();
  }
}

std::string IsoTime(TimePoint time) {
  const time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::system_clock::time_point(
          duration_cast<std::chrono::system_clock::duration>(
              time.time_since_epoch())));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace

nlohmann::ordered_json StatsJson(const StatsView& view, TimePoint time) {
  Json json;
  json["taken_at_ms"] =
      duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  SetBytes(json, "cache", view.traits.location);
  json["backend"] = view.traits.name;
  SetBytes(json, "version", view.now.version);
  if (view.now.program) {
    SetBytes(json, "prefix", view.now.program->prefix);
  } else {
    json["prefix"] = nullptr;
  }
  AddFigures(view, json);
  return json;
}

std::string StatsLine(const StatsView& view, TimePoint time) {
  Json figures;
  AddFigures(view, figures);
  std::string line = IsoTime(time);
  if (view.now.program) {
    line += " cache=" + Json(Escape(view.traits.location)).dump() +
            " prefix=" + Json(Escape(view.now.program->prefix)).dump();
  }
  AppendFigures(figures, "", line);
  return line + "\n";
}

}  // namespace appcache::command
