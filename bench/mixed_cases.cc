// Gets and sets in turn, in one thread or in two that share the store: a get
// after a set has to notice it.

#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/sides.h"
#include "bench/world.h"

namespace appcache::bench {
namespace {

// One set of a key that is there, then `gets` hits.
template <class Side>
void SetThenGets(benchmark::State& state, const WorldSpec& spec, int gets) {
  World& world = WorldOf(spec);
  Side side(world, state.threads() > 1);
  Cursor cursor(world.order(), state.thread_index(), state.threads());
  const auto round = [&] {
    bool right = side.SetOver(world.items()[cursor.Next()]);
    for (int i = 0; i < gets; ++i) {
      right &= side.Get(world.items()[cursor.Next()]) == Answer::kHit;
    }
    return right;
  };
  Measure(state, world, round, 1 + gets);
  if (!side.Settle()) state.SkipWithError("flush failed");
}

template <class Side>
void Register(const char* side, const WorldSpec& spec, int threads) {
  for (const int gets : {1, 19}) {
    const char* const operation = gets == 1 ? "get50_set50" : "get95_set5";
    RegisterCase(
        operation, side, spec,
        [=](benchmark::State& state) { SetThenGets<Side>(state, spec, gets); })
        ->Threads(threads)
        ->UseRealTime();
  }
}

}  // namespace

void RegisterMixedCases() {
  for (const Place place : kPlaces) {
    const WorldSpec spec{.purpose = "mixed", .place = place};
    for (const int threads : {1, 2}) {
      Register<CacheSide>("cache", spec, threads);
      Register<BareSide>("bare", spec, threads);
      Register<BareSplitSide>("bare_split", spec, threads);
    }
  }
}

}  // namespace appcache::bench
