#include "tools/command/stats.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "appcache/clock.h"
#include "tools/command/repeat.h"
#include "tools/command/report.h"
#include "tools/command/screen.h"
#include "tools/command/signal_blocker.h"
#include "tools/command/stats_sample.h"
#include "tools/command/stats_text.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

// Whether --watch draws on a terminal.
bool IsDrawn(const StatsOptions& options) {
  return !options.json && isatty(STDOUT_FILENO) != 0;
}

int Watch(StatsSource& source, const StatsOptions& options,
          SignalBlocker& signals) {
  std::optional<LiveScreen> screen;
  if (IsDrawn(options)) screen.emplace();
  std::optional<StatsSample> before;
  return PrintRepeatedly(
      signals, {*options.watch, options.count, screen ? &*screen : nullptr},
      [&]() -> Result<std::string> {
        StatsSample now = source.Take();
        if (!before && !now.answer.ok()) return now.answer;
        const StatsView view{source.traits(), source.kind(), now,
                             before ? &*before : nullptr};
        const TimePoint time = Clock::Wall()->Now();
        std::string text;
        if (options.json) {
          text = JsonText(StatsJson(view, time)) + "\n";
        } else if (screen) {
          text = DrawInPlace(StatsBlock(view), SizeOfScreen());
        } else {
          text = StatsLine(view, time);
        }
        before = std::move(now);
        return text;
      });
}

int PrintOnce(StatsSource& source, const StatsOptions& options) {
  const StatsSample now = source.Take();
  if (!now.answer.ok()) return Fail(now.answer);
  const StatsView view{source.traits(), source.kind(), now};
  if (options.prometheus) {
    const std::string text = options.names == MetricNames::kMicrometer
                                 ? StatsMicrometer(view)
                                 : StatsPrometheus(view);
    return Print(isatty(STDOUT_FILENO) != 0 ? PrintableLines(text) : text);
  }
  if (options.json) return PrintJson(StatsJson(view, Clock::Wall()->Now()));
  return Print(StatsBlock(view));
}

}  // namespace

int Stats(const StatsOptions& options) {
  if (options.count && !options.watch) {
    return FailUsage("--count requires --watch");
  }
  if (options.names && !options.prometheus) {
    return FailUsage("--names requires --prometheus");
  }
  if (options.prometheus && (options.watch || options.json)) {
    return FailUsage(std::string("--prometheus cannot be combined with ") +
                     (options.watch ? "--watch" : "--json"));
  }
  const Result<internal::Uri> location = LocationOf(options.cache);
  if (!location.ok()) return Fail(location.status());
  std::optional<SignalBlocker> signals;
  // Before the cache, which may start threads.
  if (options.watch) {
    if (IsDrawn(options)) {
      signals.emplace(kScreenSignals);
    } else {
      signals.emplace();
    }
  }
  auto cache = OpenLocationToRead(*location, options.cache);
  if (!cache.ok()) return Fail(cache.status());
  StatsSource source(*location, *std::move(cache));
  return options.watch ? Watch(source, options, *signals)
                       : PrintOnce(source, options);
}

}  // namespace appcache::command
