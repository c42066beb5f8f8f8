// Percentiles of single operations of every backend and its peers: see
// README.md. Prints JSON.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/frame/program.h"
#include "bench/suite/cases.h"
#include "bench/suite/filter.h"
#include "bench/suite/latency_cases.h"
#include "bench/suite/latency_json.h"
#include "bench/suite/store.h"
#include "bench/suite/ticks.h"

namespace appcache::bench {
namespace {

constexpr char kUsage[] =
    "Usage: latency [--filter=RE] [--rate=N] [--seconds=S] [--rounds=N]\n"
    "               [--list]\n"
    "\n"
    "Times single operations and prints their percentiles as JSON. The time\n"
    "that reading the clock takes is subtracted, and shown as \"clock\".\n"
    "\n"
    "  --filter=RE   the cases whose names match the regular expression, with\n"
    "                the kind of the loop or without; one that starts with -\n"
    "                selects the others. Default: gets, sets and the 95:5 mix\n"
    "                of 256 B, 10,000 entries and Zipf keys.\n"
    "  --rate=N      operations per second of the open loops, of all threads\n"
    "                together. Default: half of what the closed loop reaches.\n"
    "  --seconds=S   how long each case runs in total; default 0.6\n"
    "  --rounds=N    how many parts that time has; the parts of all cases\n"
    "                alternate; 1 to 1000, default 3\n"
    "  --list        print the names of the selected cases\n";

constexpr char kDefaultFilter[] =
    "^(get_hit|set_over|mix_95_5|get_beside_sets)/.*/256/entries:10000/"
    "keys:zipf/threads:[12]/";

template <class Number>
Number NumberOf(const std::optional<std::string>& text, Number otherwise,
                Number least, Number most) {
  if (!text) return otherwise;
  Number number{};
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || !(number >= least) ||
      !(number <= most)) {
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  return number;
}

struct Options {
  Filter filter;
  std::optional<double> rate;
  double seconds;
  int rounds;
  bool lists;
};

Options OptionsOf(int argc, char** argv) {
  const auto take = [&](const char* flag) {
    return TakeFlag(argc, argv, flag);
  };
  Options options{
      .filter = Filter(take("--filter").value_or(kDefaultFilter)),
      .rate = std::nullopt,
      .seconds = NumberOf(take("--seconds"), 0.6, 0.001, 3600.0),
      .rounds = NumberOf(take("--rounds"), 3, 1, 1000),
      .lists = take("--list").has_value(),
  };
  const double rate = NumberOf(take("--rate"), 0.0, 1.0, 1e9);
  if (rate > 0) options.rate = rate;
  if (argc != 1) {
    const bool asks = std::string_view(argv[1]) == "--help";
    std::fputs(kUsage, asks ? stdout : stderr);
    std::exit(asks ? 0 : 2);
  }
  return options;
}

// What reading the clock before and after an operation takes.
Histogram ClockCost(const Ticks& ticks) {
  Histogram cost;
  for (int i = 0; i < 1'000'000; ++i) {
    const uint64_t start = Ticks::Now();
    const uint64_t end = Ticks::Now();
    cost.Record(static_cast<uint64_t>(std::lround(ticks.ToNs(end - start))));
  }
  return cost;
}

int Run(int argc, char** argv) {
  const Options options = OptionsOf(argc, argv);
  std::vector<LatencyCase> cases = AllLatencyCases();
  std::erase_if(cases, [&](const LatencyCase& each) {
    return !options.filter.SelectsLatency(each.Name());
  });
  if (options.lists) {
    for (const LatencyCase& each : cases) std::puts(each.Name().c_str());
    return 0;
  }
  Must(!cases.empty(), "no case matches the filter");
  KeepFreedMemory();
  const Ticks ticks;
  std::vector<Latencies> measured(cases.size());
  for (int round = 0; round < options.rounds; ++round) {
    for (size_t i = 0; i < cases.size(); ++i) {
      RunLatencyCase(cases[i], ticks, options.seconds / options.rounds,
                     options.rate, measured[i]);
    }
  }
  std::fputs(LatencyJson(cases, measured, ClockCost(ticks)).c_str(), stdout);
  DestroyStores();
  return 0;
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
