// Sets and removals.
//
// Keys that are new can be set a limited number of times. These cases run in
// rounds: a round times one operation for many keys, and then undoes it.

#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <string>

#include "bench/frame/measure.h"
#include "bench/items.h"
#include "bench/peers/cases.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

// Of new keys: a tenth of the smallest store.
constexpr size_t kRound = 1'000;
// Of a burst of evictions: 9 MB of keys and values, evicted entries included,
// and so a part of the default write-behind window.
constexpr size_t kBurst = 16'000;

// The time of rounds, real and of the calling thread's CPU.
class Rounds {
 public:
  Rounds(benchmark::State& state, size_t operations)
      : state_(state), operations_(operations) {}

  // Times `operation(item)` for the items of a round.
  template <class Operation>
  bool Time(const Item* items, const Operation& operation) {
    bool succeeded = true;
    const double cpu = CpuSeconds();
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < operations_; ++i) succeeded &= operation(items[i]);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    cpu_ += CpuSeconds() - cpu;
    state_.SetIterationTime(took.count());
    return succeeded;
  }

  void Finish(Peer& peer, bool succeeded) {
    FlushIn(state_, peer);
    if (!succeeded) state_.SkipWithError("an operation failed");
    SetCounter(state_, "bytes", static_cast<double>(kPeerValueBytes));
    SetCounter(state_, "ops", static_cast<double>(operations_));
    // Of one operation. The report's cpu_time includes what is not timed.
    SetCounter(state_, "cpu_ns",
               cpu_ * 1e9 /
                   static_cast<double>(state_.iterations() *
                                       static_cast<int64_t>(operations_)));
  }

 private:
  static double CpuSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) +
           static_cast<double>(now.tv_nsec) * 1e-9;
  }

  benchmark::State& state_;
  const size_t operations_;
  double cpu_ = 0;
};

void SetOver(benchmark::State& state, PeerStore& store) {
  Cursor cursor(store.order(), state.thread_index(), state.threads());
  MeasureWarm(state, [&] {
    return store.peer().Set(store.items()[cursor.Next()].path(), store.value());
  });
  FlushIn(state, store.peer());
}

// Times sets of new keys, or the removals after them.
void SetAndRemove(benchmark::State& state, PeerStore& store, bool times_sets) {
  Peer& peer = store.peer();
  const Item* const items = store.TakeNew(kRound);
  const auto set = [&](const Item& item) {
    return peer.Set(item.path(), store.value());
  };
  const auto remove = [&](const Item& item) {
    return peer.Remove(item.path());
  };
  bool succeeded = true;
  Rounds rounds(state, kRound);
  for (auto _ : state) {
    if (times_sets) {
      succeeded &= rounds.Time(items, set);
      for (size_t i = 0; i < kRound; ++i) succeeded &= remove(items[i]);
    } else {
      for (size_t i = 0; i < kRound; ++i) succeeded &= set(items[i]);
      succeeded &= rounds.Time(items, remove);
    }
  }
  rounds.Finish(peer, succeeded);
}

// Times sets that evict. With `sustained`, what they defer is part of the time.
void SetEvict(benchmark::State& state, PeerStore& store, bool sustained) {
  Peer& peer = store.peer();
  const auto set = [&](const Item& item) {
    return peer.Set(item.path(), store.value());
  };
  bool succeeded = true;
  Rounds rounds(state, kBurst);
  for (auto _ : state) {
    succeeded &= rounds.Time(store.TakeNew(kBurst), set);
    if (!sustained) succeeded &= peer.Flush();
  }
  rounds.Finish(peer, succeeded);
}

template <class Run>
void Register(const std::string& operation, const PeerSpec& spec, bool manual,
              const Run& run) {
  RegisterPeerCase(
      operation, spec,
      [=](benchmark::State& state) { run(state, StoreFor(spec)); }, manual);
}

}  // namespace

void RegisterPeerSets() {
  for (const PeerType& type : Peers()) {
    if (!type.has(kWrites)) continue;
    for (const size_t entries : kPeerEntries) {
      const PeerSpec roomy{.peer = type.name, .entries = entries};
      Register("set_over", roomy, /*manual=*/false, SetOver);
      for (const bool times_sets : {true, false}) {
        Register(times_sets ? "set_new" : "invalidate", roomy, /*manual=*/true,
                 [=](benchmark::State& state, PeerStore& store) {
                   SetAndRemove(state, store, times_sets);
                 });
      }
    }
    const PeerSpec full{
        .peer = type.name, .entries = kPeerEntries[1], .is_full = true};
    for (const bool sustained : {false, true}) {
      Register(sustained ? "set_sustained" : "set_evict", full, /*manual=*/true,
               [=](benchmark::State& state, PeerStore& store) {
                 SetEvict(state, store, sustained);
               });
    }
  }
}

}  // namespace appcache::bench
