#include "tools/command/stats/stats.h"

#include <poll.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "appcache/clock.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/repeat.h"
#include "tools/command/io/report.h"
#include "tools/command/io/screen.h"
#include "tools/command/io/signal_blocker.h"
#include "tools/command/stats/program_stats.h"
#include "tools/command/stats/stats_sample.h"
#include "tools/command/stats/stats_text.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

// Whether --watch draws on a terminal.
bool IsDrawn(const StatsOptions& options) {
  return !options.json && isatty(STDOUT_FILENO) != 0;
}

using Samples = std::vector<CacheSample>;
// A sample of each cache.
using TakeSamples = std::function<Result<Samples>()>;

// The error if no cache has answered.
Status AnswerOf(const Samples& samples) {
  for (const CacheSample& cache : samples) {
    if (cache.sample.answer.ok()) return Status();
  }
  return samples.front().sample.answer;
}

// The sample of the same cache.
const StatsSample* Before(const Samples& before, const StatsSample& now) {
  for (const CacheSample& cache : before) {
    const StatsSample& sample = cache.sample;
    if (!now.program || sample.program->label == now.program->label) {
      return &sample;
    }
  }
  return nullptr;
}

std::vector<StatsView> ViewsOf(const Samples& samples, const Samples& before) {
  std::vector<StatsView> views;
  views.reserve(samples.size());
  for (const auto& [traits, kind, sample] : samples) {
    views.push_back({traits, kind, sample, Before(before, sample)});
  }
  return views;
}

// The caches of `before`, which all have this failure.
Samples Failed(const Samples& before, const Status& failure) {
  Samples samples = before;
  for (auto& [traits, kind, sample] : samples) {
    sample.answer = failure;
    sample.stats = CacheStats();
  }
  return samples;
}

std::string BlocksOf(std::span<const StatsView> views) {
  std::string text;
  for (const StatsView& view : views) {
    if (!text.empty()) text += "\n";
    text += StatsBlock(view);
  }
  return text;
}

// A line for each cache.
std::string LinesOf(std::span<const StatsView> views, bool json) {
  const TimePoint time = Clock::Wall()->Now();
  std::string text;
  for (const StatsView& view : views) {
    text +=
        json ? JsonText(StatsJson(view, time)) + "\n" : StatsLine(view, time);
  }
  return text;
}

// Waits for a blocked signal. Null: there is none to wait for.
bool IsPending(const SignalBlocker* signals, int wait_ms) {
  pollfd awaited{signals == nullptr ? -1 : signals->fd(), POLLIN, 0};
  return poll(&awaited, 1, wait_ms) > 0;
}

int Watch(const TakeSamples& take, const StatsOptions& options,
          SignalBlocker& signals) {
  std::optional<LiveScreen> screen;
  if (IsDrawn(options)) screen.emplace();
  Samples before;
  std::string text;
  return PrintRepeatedly(
      signals, {*options.watch, options.count, screen ? &*screen : nullptr},
      [&]() -> Result<std::string> {
        const Result<Samples> taken = take();
        // A signal interrupted the wait for an answer.
        if (!taken.ok() && IsPending(&signals, 0)) return screen ? text : "";
        const Status answer = taken.ok() ? AnswerOf(*taken) : taken.status();
        if (before.empty() && !answer.ok()) return answer;
        Samples now = taken.ok() ? *taken : Failed(before, answer);
        const std::vector<StatsView> views = ViewsOf(now, before);
        text = screen ? DrawInPlace(BlocksOf(views), SizeOfScreen())
                      : LinesOf(views, options.json);
        before = std::move(now);
        return text;
      });
}

int PrintMetrics(std::span<const StatsView> views,
                 const StatsOptions& options) {
  std::vector<StatsView> answered;
  for (const StatsView& view : views) {
    const Status& answer = view.now.answer;
    if (answer.ok()) {
      answered.push_back(view);
    } else {
      Warn(view.traits.location + ": " + answer.error().message);
    }
  }
  const std::string text = options.names == MetricNames::kMicrometer
                               ? StatsMicrometer(answered)
                               : StatsPrometheus(answered);
  return Print(isatty(STDOUT_FILENO) != 0 ? PrintableLines(text) : text);
}

int PrintOnce(const TakeSamples& take, const StatsOptions& options) {
  const Result<Samples> samples = take();
  if (!samples.ok()) return Fail(samples.status());
  if (Status answer = AnswerOf(*samples); !answer.ok()) return Fail(answer);
  const std::vector<StatsView> views = ViewsOf(*samples, {});
  if (options.prometheus) return PrintMetrics(views, options);
  if (!options.json) return Print(BlocksOf(views));
  const TimePoint time = Clock::Wall()->Now();
  int status = kDone;
  for (const StatsView& view : views) {
    if (status == kDone) status = PrintJson(StatsJson(view, time));
  }
  return status;
}

int Report(const TakeSamples& take, const StatsOptions& options,
           std::optional<SignalBlocker>& signals) {
  return signals ? Watch(take, options, *signals) : PrintOnce(take, options);
}

int StatsOfProgram(const StatsOptions& options,
                   std::optional<SignalBlocker>& signals) {
  ProgramStats program(options.recorder,
                       options.timeout.value_or(ProgramStats::kDefaultTimeout));
  constexpr int kPauseMs = 2;
  const SignalBlocker* const awaited = signals ? &*signals : nullptr;
  return Report(
      [&] {
        return program.Take([=] { return !IsPending(awaited, kPauseMs); });
      },
      options, signals);
}

Status CheckStatsOptions(const StatsOptions& options) {
  if (options.count && !options.watch) {
    return Invalid("--count requires --watch");
  }
  if (options.names && !options.prometheus) {
    return Invalid("--names requires --prometheus");
  }
  if (options.prometheus && (options.watch || options.json)) {
    return Invalid(std::string("--prometheus cannot be combined with ") +
                   (options.watch ? "--watch" : "--json"));
  }
  if (options.timeout && options.recorder.empty()) {
    return Invalid("--timeout requires --recorder");
  }
  const CacheFlags& cache = options.cache;
  if (!options.recorder.empty() && !cache.uri.empty() &&
      !cache.is_from_environment) {
    return Invalid("--recorder cannot be combined with --cache");
  }
  return Status();
}

}  // namespace

int Stats(const StatsOptions& options) {
  if (Status valid = CheckStatsOptions(options); !valid.ok()) {
    return FailUsage(valid.error().message);
  }
  Result<internal::Uri> location = internal::Uri();
  if (options.recorder.empty()) location = LocationOf(options.cache);
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
  if (!options.recorder.empty()) return StatsOfProgram(options, signals);
  auto cache = OpenLocationToRead(*location, options.cache);
  if (!cache.ok()) return Fail(cache.status());
  StatsSource source(*location, *std::move(cache));
  return Report([&] { return Samples{source.Take()}; }, options, signals);
}

}  // namespace appcache::command
