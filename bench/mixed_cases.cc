// get50_set50 and get95_set5: gets and sets in turn, in one thread or in two
// that share the store. A get after a set must see it.

#include <benchmark/benchmark.h>

#include "bench/frame/measure.h"
#include "bench/sides.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

// One set of a key that exists, then `gets` hits.
template <class Side>
void SetThenGets(benchmark::State& state, const StoreSpec& spec, int gets) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  Cursor cursor(fixture.order(), state.thread_index(), state.threads());
  const auto round = [&] {
    bool succeeded = side.SetOver(fixture.items()[cursor.Next()]);
    for (int i = 0; i < gets; ++i) {
      succeeded &= side.Get(fixture.items()[cursor.Next()]) == Answer::kHit;
    }
    return succeeded;
  };
  Measure(state, spec.value_bytes, round, 1 + gets);
  if (!side.Flush()) state.SkipWithError("flush failed");
}

template <class Side>
void Register(const char* side, const StoreSpec& spec, int threads) {
  for (const int gets : {1, 19}) {
    RegisterCase(
        gets == 1 ? "get50_set50" : "get95_set5", side, spec, threads,
        [=](benchmark::State& state) { SetThenGets<Side>(state, spec, gets); });
  }
}

}  // namespace

void RegisterMixedCases() {
  for (const Place place : kPlaces) {
    const StoreSpec spec{.purpose = "mixed", .place = place};
    for (const int threads : {1, 2}) {
      Register<CacheSide>("cache", spec, threads);
      Register<BareSide>("bare", spec, threads);
      Register<BareSplitSide>("bare_split", spec, threads);
    }
  }
}

}  // namespace appcache::bench
