#include "tools/command/stats.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "engine/clock.h"
#include "tools/command/repeat.h"
#include "tools/command/report.h"
#include "tools/command/screen.h"
#include "tools/command/signal_gate.h"
#include "tools/command/stats_sample.h"
#include "tools/command/stats_text.h"

namespace appcache::command {
namespace {

int Watch(StatsSource& source, const StatsOptions& options, SignalGate& gate) {
  const bool on_terminal = isatty(STDOUT_FILENO) != 0;
  std::optional<StatsSample> before;
  return PrintAgainAndAgain(
      gate, {*options.watch, options.count}, [&]() -> Result<std::string> {
        StatsSample now = source.Take();
        if (!before && !now.answer.ok()) return now.answer;
        const StatsView view{source.traits(), source.kind(), now,
                             before ? &*before : nullptr};
        const TimePoint time = Clock::Wall()->Now();
        std::string text;
        if (options.json) {
          text = StatsJson(view, time).dump() + "\n";
        } else if (on_terminal) {
          text = (before ? "" : kClearScreen) +
                 OverScreen(StatsBlock(view), SizeOfScreen());
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
  if (options.prometheus) return Print(StatsPrometheus(view));
  if (options.json) return PrintJson(StatsJson(view, Clock::Wall()->Now()));
  return Print(StatsBlock(view));
}

}  // namespace

int Stats(const StatsOptions& options) {
  if (options.count && !options.watch) {
    return FailUsage("--count: it needs --watch");
  }
  if (options.prometheus && (options.watch || options.json)) {
    return FailUsage(std::string("--prometheus: it goes without ") +
                     (options.watch ? "--watch" : "--json"));
  }
  const Result<Uri> location = LocationOf(options.cache);
  if (!location.ok()) return Fail(location.status());
  std::optional<SignalGate> gate;
  if (options.watch) gate.emplace();  // before the cache, which starts threads
  auto cache = OpenLocation(*location, options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  StatsSource source(*location, *std::move(cache));
  return options.watch ? Watch(source, options, *gate)
                       : PrintOnce(source, options);
}

}  // namespace appcache::command
