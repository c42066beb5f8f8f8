#include "bench/suite/latency_json.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <thread>

namespace appcache::bench {
namespace {

std::string Text(const char* format, auto... values) {
  std::array<char, 256> text;
  const int size = std::snprintf(text.data(), text.size(), format, values...);
  assert(size >= 0 && static_cast<size_t>(size) < text.size());
  return {text.data(), static_cast<size_t>(size)};
}

unsigned long long Wide(uint64_t number) { return number; }

// The points divide what is above them by the square root of 2 each time, as
// long as there is at least one value above.
std::string Percentiles(const Histogram& ns) {
  constexpr uint64_t kWhole = uint64_t{1} << 32;
  constexpr int kPoints = 40;
  std::string points;
  for (int i = 0; i < kPoints; ++i) {
    const double above = std::pow(0.5, i * 0.5);
    if (above * static_cast<double>(ns.count()) < 1) break;
    const auto below =
        kWhole - static_cast<uint64_t>(above * static_cast<double>(kWhole));
    points += Text("[%.6f,%llu],", 100 - 100 * above,
                   Wide(ns.Quantile(below, kWhole)));
  }
  return "[" + points + Text("[100,%llu]]", Wide(ns.max()));
}

std::string Numbers(const Histogram& ns) {
  return Text("\"count\":%llu,\"mean_ns\":%.1f,\"min_ns\":%llu,",
              Wide(ns.count()), ns.mean(), Wide(ns.min())) +
         Text("\"p50_ns\":%llu,\"p90_ns\":%llu,\"p99_ns\":%llu,",
              Wide(ns.Percentile(500)), Wide(ns.Percentile(900)),
              Wide(ns.Percentile(990))) +
         Text("\"p99_9_ns\":%llu,\"max_ns\":%llu,", Wide(ns.Percentile(999)),
              Wide(ns.max())) +
         "\"percentiles\":" + Percentiles(ns);
}

std::string Entry(const CaseSpec& spec, bool is_open,
                  const Latencies& latencies) {
  return "{\"operation\":\"" + spec.operation + "\",\"side\":\"" +
         spec.store.side + "\",\"place\":\"" + spec.place + "\"," +
         Text("\"value_bytes\":%zu,\"entries\":%zu,", spec.store.value_bytes,
              spec.store.entries) +
         "\"keys\":\"" + std::string(NameOf(spec.keys)) + "\"," +
         Text("\"threads\":%d,\"loop\":\"%s\",", spec.threads,
              is_open ? "open" : "closed") +
         (latencies.rate_per_second
              ? Text("\"rate_per_second\":%.1f,", *latencies.rate_per_second)
              : "\"rate_per_second\":null,") +
         Numbers(latencies.ns) + "}";
}

std::string Context(const Histogram& clock) {
  std::array<char, 32> date{};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  std::array<double, 3> load{};
  if (getloadavg(load.data(), 3) != 3) load.fill(0);
#ifdef NDEBUG
  const char* const optimized = "yes";
#else
  const char* const optimized = "NO: build with -c opt";
#endif
  return Text("{\"date\":\"%s\",\"num_cpus\":%u,", date.data(),
              std::thread::hardware_concurrency()) +
         Text("\"load_avg\":[%.2f,%.2f,%.2f],", load[0], load[1], load[2]) +
         Text("\"compiler\":\"%s\",\"optimized\":\"%s\",", __VERSION__,
              optimized) +
         Text("\"clock_ns\":%llu}", Wide(clock.Percentile(500)));
}

}  // namespace

std::string LatencyJson(const std::vector<LatencyCase>& cases,
                        const std::vector<Latencies>& latencies,
                        const Histogram& clock) {
  assert(cases.size() == latencies.size());
  CaseSpec nothing{.operation = "clock",
                   .store = {.side = "none", .value_bytes = 0, .entries = 0},
                   .place = "memory"};
  std::string entries =
      Entry(nothing, false, {.ns = clock, .rate_per_second = std::nullopt});
  for (size_t i = 0; i < cases.size(); ++i) {
    entries += ",\n" + Entry(cases[i].spec, cases[i].is_open, latencies[i]);
  }
  return "{\"context\":" + Context(clock) + ",\n\"latency\":[\n" + entries +
         "\n]}\n";
}

}  // namespace appcache::bench
