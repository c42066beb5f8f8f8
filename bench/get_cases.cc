// get_hit and get_miss: uniform gets of a filled store.

#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/items.h"
#include "bench/measure.h"
#include "bench/sides.h"
#include "bench/world.h"

namespace appcache::bench {
namespace {

// Keys that no store has; as many as the largest has entries.
const std::vector<Item>& AbsentItems() {
  static const auto& items =
      *new std::vector<Item>(MakeItems(kAbsentIds, kMostEntries));
  return items;
}

template <class Side>
void Get(benchmark::State& state, const WorldSpec& spec, Answer wanted) {
  World& world = WorldOf(spec);
  Side side(world, state.threads() > 1);
  const std::vector<Item>& items =
      wanted == Answer::kHit ? world.items() : AbsentItems();
  Cursor cursor(world.order(), state.thread_index(), state.threads());
  const auto get = [&] { return side.Get(items[cursor.Next()]) == wanted; };
  // The flush that ended the last case has emptied page caches.
  for (size_t i = 0; i < spec.entries; ++i) get();
  Measure(state, world, get);
  if (!side.Settle()) state.SkipWithError("flush failed");
}

template <class Side>
void Register(Answer wanted, const char* side, const WorldSpec& spec,
              int threads) {
  RegisterCase(wanted == Answer::kHit ? "get_hit" : "get_miss", side, spec,
               [=](benchmark::State& state) { Get<Side>(state, spec, wanted); })
      ->Threads(threads)
      ->UseRealTime();
}

}  // namespace

void RegisterGetCases() {
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const WorldSpec spec{.purpose = "get",
                           .place = place,
                           .value_bytes = bytes,
                           .entries = EntriesFor(bytes)};
      for (const Answer wanted : {Answer::kHit, Answer::kMiss}) {
        for (const int threads : {1, 2}) {
          Register<CacheSide>(wanted, "cache", spec, threads);
          Register<BareSide>(wanted, "bare", spec, threads);
        }
      }
      if (place == Place::kFile) continue;
      Register<TypedSide<Bytes>>(Answer::kHit, "typed_bytes", spec, 1);
      Register<TypedSide<std::string>>(Answer::kHit, "typed_string", spec, 1);
      Register<BareViewSide>(Answer::kHit, "bare_view", spec, 1);
    }
  }
}

}  // namespace appcache::bench
