// set_evict: each set is of a new key into a full store, and evicts. The cases
// with a number of entries in their names show what size does.

#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/sides.h"
#include "bench/world.h"

namespace appcache::bench {
namespace {

// The keys go round; one comes back when it has long been evicted.
constexpr size_t kSpareItems = 8192;

template <class Side>
void SetEvict(benchmark::State& state, const WorldSpec& spec) {
  World& world = WorldOf(spec);
  Side side(world, state.threads() > 1);
  const std::vector<Item>& items = world.items();
  std::atomic<size_t>& next = Side::new_items(world);
  Measure(state, world, [&] {
    const size_t set = next.fetch_add(1, std::memory_order_relaxed);
    return side.SetEvict(items[(spec.entries + set) % items.size()],
                         items[set % items.size()]);
  });
}

template <class Side>
void Register(const std::string& operation, const char* side,
              const WorldSpec& spec, int threads) {
  RegisterCase(operation, side, spec,
               [=](benchmark::State& state) { SetEvict<Side>(state, spec); })
      ->Threads(threads)
      ->UseRealTime();
}

}  // namespace

void RegisterEvictionCases() {
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const WorldSpec spec{.purpose = "evict",
                           .place = place,
                           .value_bytes = bytes,
                           .entries = EntriesFor(bytes),
                           .spare_items = kSpareItems,
                           .full = true};
      for (const int threads : {1, 2}) {
        Register<CacheSide>("set_evict", "cache", spec, threads);
        Register<BareSide>("set_evict", "bare", spec, threads);
      }
    }
  }
  for (const size_t entries : {1'000, 1'000'000}) {
    const WorldSpec spec{.purpose = "evict_of",
                         .entries = entries,
                         .spare_items = kSpareItems,
                         .full = true};
    const std::string operation = "set_evict_of_" + std::to_string(entries);
    Register<CacheSide>(operation, "cache", spec, 1);
    Register<BareSide>(operation, "bare", spec, 1);
  }
}

}  // namespace appcache::bench
