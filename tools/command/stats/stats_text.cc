#include "tools/command/stats/stats_text.h"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "appcache/prometheus.h"
#include "tools/command/stats/stats_rates.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

// ", +3.0/s"; empty without a rate.
std::string RateSuffix(std::optional<double> rate) {
  if (!rate) return "";
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), ", %+.1f/s", *rate);
  return text.data();
}

std::string Nanoseconds(std::chrono::nanoseconds time) {
  return FormatNanoseconds(
      time.count() < 0 ? 0 : static_cast<uint64_t>(time.count()));
}

class Block {
 public:
  void Add(std::string_view name, std::string_view value) {
    constexpr size_t kNameWidth = 9;
    text_.append(name).append(kNameWidth - name.size(), ' ');
    text_.append(Escape(value)).append("\n");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The value of the label of a metric.
std::string Label(const StatsView& view) {
  const std::string& label =
      view.now.program ? view.now.program->label : view.traits.location;
  return IsUtf8(label) ? label : Escape(label);
}

std::string Counts(
    std::initializer_list<std::pair<uint64_t, const char*>> counts) {
  std::string text;
  for (const auto& [count, what] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  }
  return text;
}

std::string FormatPercent(double percent) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f %%", percent);
  return text.data();
}

// What the cache would hit with other sizes.
void AddCurve(const CacheStats& stats, Block& block) {
  static constexpr std::pair<double, const char*> kSizes[] = {
      {0.25, "a quarter of"}, {0.5, "half"}, {2, "twice"}, {4, "four times"}};
  if (!stats.hit_ratio_curve) {
    block.Add("curve",
              "not known; a SqliteCache estimates it after some "
              "thousand reads");
    return;
  }
  const char* name = "curve";
  for (const HitRatioCurve::Point& point : stats.hit_ratio_curve->points) {
    for (const auto& [scale, size] : kSizes) {
      if (point.scale != scale) continue;
      block.Add(name, std::string("with ") + size +
                          " the entries the hit ratio would be " +
                          FormatPercent(100 * point.hit_ratio));
      name = "";
    }
  }
}

// The counters of a program.
void AddCounters(const StatsView& view, Block& block) {
  const CacheStats& stats = view.now.stats;
  const std::optional<double> hits = HitPercent(stats);
  block.Add("reads", std::to_string(stats.hits + stats.misses) +
                         RateSuffix(ReadsRate(view)) +
                         (hits ? ", hit ratio " + FormatPercent(*hits) : ""));
  AddCurve(stats, block);
  block.Add("writes", Counts({{stats.sets, "sets"},
                              {stats.invalidations, "invalidations"}}));
  if (stats.read_errors + stats.write_errors > 0) {
    block.Add("errors", Counts({{stats.read_errors, "reads"},
                                {stats.write_errors, "writes"}}));
  }
  if (stats.loads > 0) {
    block.Add("loads",
              Counts({{stats.loads, "done"}, {stats.load_failures, "failed"}}));
  }
  if (stats.evictions && stats.expirations) {
    block.Add("removed", Counts({{*stats.evictions, "evicted"},
                                 {*stats.expirations, "expired"}}));
  }
}

// What is known of a cache before its figures.
void AddHead(const StatsView& view, Block& block) {
  const StatsSample& now = view.now;
  block.Add("cache", view.traits.location);
  if (now.program) {
    block.Add("prefix", now.program->prefix);
    if (!now.answer.ok()) block.Add("error", now.answer.error().message);
  } else if (now.answer.ok()) {
    block.Add("version", now.version);
    block.Add("ping", Nanoseconds(now.round_trip));
  } else {
    block.Add("ping", now.answer.error().message);
  }
}

// How the remote cache publishes changes to the tier.
void AddLink(const StatsView& view, Block& block) {
  const TierReport& tier = *view.now.tier;
  if (tier.coherence == Coherence::kUntracked) {
    block.Add("tier", "untracked: copies expire after untracked_ttl");
    return;
  }
  block.Add("tier", std::string(ToString(tier.coherence)) +
                        (tier.is_coherent ? ", coherent" : ", not coherent"));
  const std::string heartbeat =
      tier.heartbeat_age
          ? "heartbeat " + Nanoseconds(*tier.heartbeat_age) +
                " ago, round trip " + Nanoseconds(tier.heartbeat_delay)
          : "no heartbeat yet";
  block.Add("link", heartbeat + "; established " +
                        std::to_string(tier.links_made) + ", lost " +
                        std::to_string(tier.links_lost));
  block.Add("changes", std::to_string(tier.changes_notified) +
                           RateSuffix(ChangesRate(view)) +
                           "; full invalidations " +
                           std::to_string(tier.full_invalidations));
}

void AddTier(const StatsView& view, Block& block) {
  const TierReport& tier = *view.now.tier;
  AddLink(view, block);
  const char* const breaker =
      tier.breaker_is_closed ? "closed" : "open: the remote is not used";
  block.Add("breaker",
            breaker + ("; opened " + std::to_string(tier.breaker_openings)));
  block.Add("retries", Counts({{tier.invalidations_queued, "queued"},
                               {tier.invalidations_lost, "lost"}}));
  block.Add("local", Counts({{tier.local_hits, "hits"},
                             {tier.stale_hits, "stale hits"},
                             {tier.negative_hits, "negative hits"}}));
  block.Add("remote", Counts({{tier.remote_hits, "hits"},
                              {tier.remote_misses, "misses"},
                              {tier.remote_errors, "errors"}}));
}

}  // namespace

std::string StatsBlock(const StatsView& view) {
  const StatsSample& now = view.now;
  const std::string unknown = std::string("not reported by ") + view.kind;
  Block block;
  AddHead(view, block);
  if (now.program && !now.answer.ok()) return block.text();
  block.Add("entries", now.stats.entries ? std::to_string(*now.stats.entries) +
                                               RateSuffix(EntriesRate(view))
                                         : unknown);
  block.Add("bytes",
            now.stats.bytes
                ? std::to_string(*now.stats.bytes) + " of keys and values, " +
                      FormatSize(*now.stats.bytes) + RateSuffix(BytesRate(view))
                : unknown);
  if (now.file_bytes) {
    block.Add("file", FormatSize(now.file_bytes->file));
    block.Add("log", FormatSize(now.file_bytes->log));
  }
  if (now.stats.database_memory_bytes && now.stats.log_memory_bytes) {
    block.Add("memory", FormatSize(*now.stats.database_memory_bytes) +
                            ", and a log of " +
                            FormatSize(*now.stats.log_memory_bytes));
  }
  if (now.tier) AddTier(view, block);
  if (now.program) AddCounters(view, block);
  return block.text();
}

namespace {

PrometheusText MetricsOf(const StatsView& view) {
  PrometheusText text(Label(view));
  AddTo(text, view.now.stats);
  if (view.now.file_bytes) {
    text.Gauge("file_bytes", "Size of the SQLite file.",
               static_cast<double>(view.now.file_bytes->file));
    text.Gauge("log_bytes", "Size of its write-ahead log.",
               static_cast<double>(view.now.file_bytes->log));
  }
  if (view.now.tier) AddTo(text, *view.now.tier);
  return text;
}

PrometheusText MicrometerMetricsOf(const StatsView& view) {
  PrometheusText text(Label(view));
  AddMicrometerTo(text, view.now.stats);
  return text;
}

std::string Together(std::span<const StatsView> views,
                     PrometheusText (*metrics_of)(const StatsView&)) {
  if (views.empty()) return "";
  PrometheusText all = metrics_of(views.front());
  for (const StatsView& view : views.subspan(1)) all.Append(metrics_of(view));
  return all.text();
}

}  // namespace

std::string StatsPrometheus(std::span<const StatsView> views) {
  return Together(views, MetricsOf);
}

std::string StatsMicrometer(std::span<const StatsView> views) {
  return Together(views, MicrometerMetricsOf);
}

}  // namespace appcache::command
