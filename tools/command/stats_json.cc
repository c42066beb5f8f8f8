#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/command/report.h"
#include "tools/command/stats_rates.h"
#include "tools/command/stats_text.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

using std::chrono::duration_cast;
using Json = nlohmann::ordered_json;

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void AddTier(const StatsView& view, Json& json) {
  const TierReport& tier = *view.now.tier;
  json["tier_coherence"] = ToString(tier.coherence);
  json["tier_coherent"] = tier.is_coherent;
  json["tier_confirmed_ago_us"] =
      tier.heartbeat_age ? Json(tier.heartbeat_age->count()) : Json(nullptr);
  json["tier_confirmation_delay_us"] = tier.heartbeat_delay.count();
  json["tier_links_made"] = tier.links_made;
  json["tier_links_lost"] = tier.links_lost;
  json["tier_changes_told"] = tier.changes_notified;
  json["tier_changes_told_per_s"] = OrNull(ChangesRate(view));
  json["tier_all_changes_told"] = tier.full_invalidations;
  json["tier_asks_remote"] = tier.breaker_is_closed;
  json["tier_breaker_openings"] = tier.breaker_openings;
  json["tier_pending"] = tier.invalidations_queued;
  json["tier_pending_lost"] = tier.invalidations_lost;
  json["tier_local_hits"] = tier.local_hits;
  json["tier_stale_hits"] = tier.stale_hits;
  json["tier_local_absences"] = tier.negative_hits;
  json["tier_remote_hits"] = tier.remote_hits;
  json["tier_remote_misses"] = tier.remote_misses;
  json["tier_remote_errors"] = tier.remote_errors;
}

void AddFigures(const StatsView& view, Json& json) {
  const StatsSample& now = view.now;
  json["ping_ns"] =
      now.answer.ok() ? Json(now.round_trip.count()) : Json(nullptr);
  if (!now.answer.ok()) json["error"] = Escape(now.answer.error().message);
  json["entries"] = OrNull(now.stats.entries);
  json["bytes"] = OrNull(now.stats.bytes);
  if (view.before != nullptr) {
    json["entries_per_s"] = OrNull(EntriesRate(view));
    json["bytes_per_s"] = OrNull(BytesRate(view));
  }
  if (now.file_bytes) {
    json["file_bytes"] = now.file_bytes->file;
    json["log_bytes"] = now.file_bytes->log;
  }
  if (now.stats.database_memory_bytes) {
    json["database_memory_bytes"] = *now.stats.database_memory_bytes;
  }
  if (now.stats.log_memory_bytes) {
    json["log_memory_bytes"] = *now.stats.log_memory_bytes;
  }
  if (now.stats.resident_bytes) {
    json["resident_bytes"] = *now.stats.resident_bytes;
  }
  if (now.tier) AddTier(view, json);
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
  json["time_ms"] =
      duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  SetBytes(json, "cache", view.traits.location);
  json["backend"] = view.traits.name;
  SetBytes(json, "version", view.now.version);
  AddFigures(view, json);
  return json;
}

std::string StatsLine(const StatsView& view, TimePoint time) {
  Json figures;
  AddFigures(view, figures);
  std::string line = IsoTime(time);
  for (const auto& [name, value] : figures.items()) {
    if (value.is_null()) continue;
    line += " " + name + "=";
    // Only an error message contains blanks and needs quotes.
    const bool is_word = value.is_string() && name != "error";
    line += is_word ? value.get<std::string>() : value.dump();
  }
  return line + "\n";
}

}  // namespace appcache::command
