// set_new: sets of new keys; the store is empty at the start. set_over: sets of
// uniform keys that exist.

#include <benchmark/benchmark.h>

#include "bench/frame/measure.h"
#include "bench/sides.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

template <class Side>
void SetNew(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  std::atomic<size_t>& next = Side::new_items(fixture);
  Measure(state, spec.value_bytes,
          [&] { return side.SetNew(fixture.items()[next++]); });
  // Empty the store for the next repetition. No thread leaves the timed loop
  // before all have finished it.
  if (state.thread_index() == 0) {
    if (!side.Clear() || !side.Flush()) state.SkipWithError("clear failed");
    next = 0;
  }
}

template <class Side>
void SetOver(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  Cursor cursor(fixture.order(), state.thread_index(), state.threads());
  Measure(state, spec.value_bytes,
          [&] { return side.SetOver(fixture.items()[cursor.Next()]); });
  if (!side.Flush()) state.SkipWithError("flush failed");
}

template <class Side>
void RegisterNew(const char* side, const StoreSpec& spec, int threads) {
  // Two threads use half of the items; the rest is for the sets before the
  // timed loop.
  const size_t sets = spec.spare_items / 4;
  RegisterCase("set_new", side, spec,
               [=](benchmark::State& state) { SetNew<Side>(state, spec); })
      ->Threads(threads)
      ->Iterations(static_cast<benchmark::IterationCount>(sets))
      ->UseRealTime();
}

template <class Side>
void RegisterOver(const char* side, const StoreSpec& spec, int threads) {
  RegisterCase("set_over", side, spec, threads,
               [=](benchmark::State& state) { SetOver<Side>(state, spec); });
}

}  // namespace

void RegisterSetCases() {
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const StoreSpec empty{.purpose = "new",
                            .place = place,
                            .value_bytes = bytes,
                            .entries = 0,
                            .spare_items = EntriesFor(bytes)};
      const StoreSpec filled{.purpose = "over",
                             .place = place,
                             .value_bytes = bytes,
                             .entries = EntriesFor(bytes)};
      for (const int threads : {1, 2}) {
        RegisterNew<CacheSide>("cache", empty, threads);
        RegisterNew<BareSide>("bare", empty, threads);
        RegisterOver<CacheSide>("cache", filled, threads);
        RegisterOver<BareSide>("bare", filled, threads);
      }
      if (place == Place::kFile) continue;
      RegisterOver<PrivateSide>("private", filled, 1);
      RegisterOver<TypedSide<std::string>>("typed_string", filled, 1);
    }
  }
}

}  // namespace appcache::bench
