// The cases of peers_benchmark.

#ifndef APPCACHE_BENCH_PEERS_CASES_H_
#define APPCACHE_BENCH_PEERS_CASES_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>

#include "bench/frame/measure.h"
#include "bench/peers/store.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {

inline constexpr size_t kPeerEntries[] = {10'000, 1'000'000};

// Each registers one file's cases for all peers, entries and threads.
void RegisterPeerGets();
void RegisterPeerSets();
void RegisterTypedCases();

// The store of this spec, made when a case first needs it.
PeerStore& StoreFor(const PeerSpec& spec);

// Registers "get_view_of_10000/tkrzw/memory/256" for one thread and for two.
// `manual`: the case times itself.
void RegisterPeerCase(const std::string& operation, const PeerSpec& spec,
                      const std::function<void(benchmark::State&)>& run,
                      bool manual = false);

// Measure (frame/measure.h), after the hot entries have been fetched into the
// processor's caches again, which the case before has filled with its own.
template <class Operation>
void MeasureWarm(benchmark::State& state, const Operation& operation) {
  constexpr int kWarmUp = 1 << 16;
  bool succeeded = true;
  for (int i = 0; i < kWarmUp; ++i) succeeded &= operation();
  Measure(state, kPeerValueBytes, [&] { return operation() && succeeded; });
}

void FlushIn(benchmark::State& state, Peer& peer);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_PEERS_CASES_H_
