// set_new: new keys into a store that was empty. set_over: uniform keys that
// are there.

#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/sides.h"
#include "bench/world.h"

namespace appcache::bench {
namespace {

template <class Side>
void SetNew(benchmark::State& state, const WorldSpec& spec) {
  World& world = WorldOf(spec);
  Side side(world, state.threads() > 1);
  std::atomic<size_t>& next = Side::new_items(world);
  Measure(state, world, [&] { return side.SetNew(world.items()[next++]); });
  // For the next repetition. No thread leaves the loop before all are done.
  if (state.thread_index() == 0) {
    if (!side.Clear() || !side.Settle()) state.SkipWithError("clear failed");
    next = 0;
  }
}

template <class Side>
void SetOver(benchmark::State& state, const WorldSpec& spec) {
  World& world = WorldOf(spec);
  Side side(world, state.threads() > 1);
  Cursor cursor(world.order(), state.thread_index(), state.threads());
  Measure(state, world,
          [&] { return side.SetOver(world.items()[cursor.Next()]); });
  if (!side.Settle()) state.SkipWithError("flush failed");
}

template <class Side>
void RegisterNew(const char* side, const WorldSpec& spec, int threads) {
  // A quarter of the items for each of two threads; the rest are to spare for
  // the sets that are not timed.
  const size_t sets = spec.spare_items / 4;
  RegisterCase("set_new", side, spec,
               [=](benchmark::State& state) { SetNew<Side>(state, spec); })
      ->Threads(threads)
      ->Iterations(static_cast<benchmark::IterationCount>(sets))
      ->UseRealTime();
}

template <class Side>
void RegisterOver(const char* side, const WorldSpec& spec, int threads) {
  RegisterCase("set_over", side, spec,
               [=](benchmark::State& state) { SetOver<Side>(state, spec); })
      ->Threads(threads)
      ->UseRealTime();
}

}  // namespace

void RegisterSetCases() {
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const WorldSpec empty{.purpose = "new",
                            .place = place,
                            .value_bytes = bytes,
                            .entries = 0,
                            .spare_items = EntriesFor(bytes)};
      const WorldSpec filled{.purpose = "over",
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
      RegisterOver<TypedSide<std::string>>("typed_string", filled, 1);
    }
  }
}

}  // namespace appcache::bench
