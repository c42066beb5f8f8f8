#include "tools/command/stats_text.h"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "appcache/prometheus.h"
#include "tools/command/stats_rates.h"
#include "tools/command/text.h"
#include "tools/command/units.h"

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
  const std::string& location = view.traits.location;
  return IsUtf8(location) ? location : Escape(location);
}

std::string Counts(
    std::initializer_list<std::pair<uint64_t, const char*>> counts) {
  std::string text;
  for (const auto& [count, what] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  }
  return text;
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
  block.Add("cache", view.traits.location);
  if (now.answer.ok()) {
    block.Add("version", now.version);
    block.Add("ping", Nanoseconds(now.round_trip));
  } else {
    block.Add("ping", now.answer.error().message);
  }
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
  return block.text();
}

std::string StatsPrometheus(const StatsView& view) {
  PrometheusText text(Label(view));
  AddTo(text, view.now.stats);
  if (view.now.file_bytes) {
    text.Gauge("file_bytes", "Size of the SQLite file.",
               static_cast<double>(view.now.file_bytes->file));
    text.Gauge("log_bytes", "Size of its write-ahead log.",
               static_cast<double>(view.now.file_bytes->log));
  }
  if (view.now.tier) AddTo(text, *view.now.tier);
  return text.text();
}

std::string StatsMicrometer(const StatsView& view) {
  PrometheusText text(Label(view));
  AddMicrometerTo(text, view.now.stats);
  return text.text();
}

}  // namespace appcache::command
