#include "bench/suite/latency_cases.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cmath>
#include <memory>
#include <span>
#include <thread>

#include "bench/frame/program.h"
#include "bench/suite/latency_loops.h"

namespace appcache::bench {
namespace {

constexpr size_t kEntries[] = {1'000, 10'000, 1'000'000};
constexpr size_t kValueBytes[] = {256, 4096};
constexpr int kThreads[] = {1, 2, 4, 8};
constexpr size_t kMaxValueBytes = size_t{1} << 30;

struct LatencyOperation {
  const char* name;
  unsigned forms;
  bool fills;
  bool beside_sets;
  bool (*run)(Worker& worker);
};

const LatencyOperation kOperations[] = {
    {"get_hit", kWrites, false, false, [](Worker& w) { return w.Get(); }},
    {"get_beside_sets", kWrites, false, true,
     [](Worker& w) { return w.Get(); }},
    {"get_miss", kWrites, false, false, [](Worker& w) { return w.GetMiss(); }},
    {"get_via", kGetVia, false, false, [](Worker& w) { return w.GetVia(); }},
    {"get_many", kWrites, false, false, [](Worker& w) { return w.GetMany(); }},
    {"set_over", kWrites, false, false, [](Worker& w) { return w.SetOver(); }},
    {"mix_95_5", kWrites, false, false, [](Worker& w) { return w.Mix<20>(); }},
    {"mix_50_50", kWrites, false, false, [](Worker& w) { return w.Mix<2>(); }},
    {"set_evict", kEvicts, true, false,
     [](Worker& w) { return w.SetEvict(w.store().TakeReplacements(1)); }},
};

void AddCases(const LatencyOperation& operation, const StoreSpec& store,
              const std::string& place, std::vector<LatencyCase>& cases) {
  for (const Distribution keys : kDistributions) {
    if (operation.fills && keys != Distribution::kUniform) continue;
    for (const int threads : kThreads) {
      if (operation.beside_sets && threads == 1) continue;
      for (const bool is_open : {false, true}) {
        cases.push_back({.spec = {.operation = operation.name,
                                  .store = store,
                                  .place = place,
                                  .keys = keys,
                                  .threads = threads},
                         .operation = operation.run,
                         .beside_sets = operation.beside_sets,
                         .is_open = is_open});
      }
    }
  }
}

// The clock of latency_loops.h. Waits for a time of the ticks: sleeps while it
// is far away, and then spins.
class WaitingClock {
 public:
  explicit WaitingClock(const Ticks& ticks)
      : ticks_(ticks), far_(ticks.FromNs(200'000)) {}

  static uint64_t Now() { return Ticks::Now(); }
  void WaitUntil(uint64_t time) const {
    for (uint64_t now = Now(); now < time; now = Now()) {
      if (time - now > far_) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(
            static_cast<int64_t>(ticks_.ToNs(time - now - far_ / 2))));
      }
    }
  }
  uint64_t Between(uint64_t start, uint64_t end) const {
    return static_cast<uint64_t>(
        std::lround(ticks_.ToNs(ticks_.Between(start, end))));
  }

 private:
  const Ticks& ticks_;
  const uint64_t far_;
};

// One run of the threads of a case.
class Threads {
 public:
  Threads(const LatencyCase& latency_case, const Ticks& ticks)
      : case_(latency_case),
        threads_(latency_case.spec.threads),
        ticks_(ticks),
        start_(threads_),
        histograms_(static_cast<size_t>(threads_)) {}

  // `loop(thread, clock, operation, histogram)` runs in each timed thread and
  // returns whether all operations succeeded.
  template <class Loop>
  Histogram Run(const Loop& loop) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads_; ++i) {
      others.emplace_back([this, i, &loop] { RunThread(i, loop); });
    }
    RunThread(0, loop);
    for (std::thread& other : others) other.join();
    Histogram all;
    for (const Histogram& each : histograms_) all.Merge(each);
    return all;
  }

 private:
  template <class Loop>
  void RunThread(int thread, const Loop& loop) {
    Worker worker(case_.spec, thread, threads_);
    const WaitingClock clock(ticks_);
    const auto operation = [&] { return case_.operation(worker); };
    for (int i = 0; i < kWarmUp; ++i) Must(operation(), "an operation failed");
    start_.arrive_and_wait();
    bool succeeded = true;
    if (case_.beside_sets && thread > 0) {
      while (!has_ended_.load(std::memory_order_relaxed)) {
        succeeded &= worker.SetOver();
      }
    } else {
      succeeded = loop(thread, clock, operation,
                       histograms_[static_cast<size_t>(thread)]);
      if (thread == 0) has_ended_ = true;
    }
    Must(succeeded && worker.Flush(), "an operation failed: " + case_.Name());
  }

  static constexpr int kWarmUp = 16;

  const LatencyCase& case_;
  const int threads_;
  const Ticks& ticks_;
  std::barrier<> start_;
  std::atomic<bool> has_ended_{false};
  std::vector<Histogram> histograms_;
};

int TimedThreads(const LatencyCase& latency_case) {
  return latency_case.beside_sets ? 1 : latency_case.spec.threads;
}

Histogram RunClosed(const LatencyCase& latency_case, const Ticks& ticks,
                    double seconds) {
  return Threads(latency_case, ticks)
      .Run([&](int, const WaitingClock& clock, const auto& operation,
               Histogram& latencies) {
        const uint64_t end = Ticks::Now() + ticks.FromNs(seconds * 1e9);
        return RunClosedLoop(clock, end, operation, latencies);
      });
}

Histogram RunOpen(const LatencyCase& latency_case, const Ticks& ticks,
                  double seconds, double rate) {
  const int threads = TimedThreads(latency_case);
  // Of one thread; the threads take turns.
  const double interval_ns = 1e9 * threads / rate;
  const auto count =
      static_cast<uint64_t>(std::ceil(seconds * 1e9 / interval_ns));
  return Threads(latency_case, ticks)
      .Run([&](int thread, const WaitingClock& clock, const auto& operation,
               Histogram& latencies) {
        const uint64_t now = Ticks::Now();
        const Schedule schedule = {
            .first = now + ticks.FromNs(interval_ns * thread / threads),
            .interval =
                static_cast<double>(ticks.FromNs(interval_ns * 1e6)) / 1e6,
            .count = count,
            .stop = now + ticks.FromNs(4 * seconds * 1e9)};
        return RunOpenLoop(clock, schedule, operation, latencies);
      });
}

}  // namespace

std::string LatencyCase::Name() const {
  return spec.Name() + (is_open ? "/loop:open" : "/loop:closed");
}

std::vector<LatencyCase> AllLatencyCases() {
  std::vector<LatencyCase> cases;
  for (const size_t entries : kEntries) {
    for (const size_t value_bytes : kValueBytes) {
      if (entries * value_bytes > kMaxValueBytes) continue;
      for (const SideType& type : Sides()) {
        for (const LatencyOperation& operation : kOperations) {
          if ((type.forms & operation.forms) != operation.forms) continue;
          AddCases(operation,
                   {.side = type.name,
                    .value_bytes = value_bytes,
                    .entries = entries,
                    .is_full = operation.fills},
                   type.place, cases);
        }
      }
    }
  }
  return cases;
}

void RunLatencyCase(const LatencyCase& latency_case, const Ticks& ticks,
                    double seconds, std::optional<double> rate,
                    Latencies& latencies) {
  if (!latency_case.is_open) {
    latencies.ns.Merge(RunClosed(latency_case, ticks, seconds));
    return;
  }
  if (!rate) {
    constexpr double kShare = 0.2;
    const Histogram closed = RunClosed(latency_case, ticks, kShare * seconds);
    rate = std::max(
        1.0, static_cast<double>(closed.count()) / (kShare * seconds) / 2);
  }
  latencies.rate_per_second = rate;
  latencies.ns.Merge(RunOpen(latency_case, ticks, seconds, *rate));
}

}  // namespace appcache::bench
