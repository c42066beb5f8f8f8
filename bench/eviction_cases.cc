// set_evict: each set stores a new key in a full store and evicts one entry.
// set_evict_of_N: the same in stores of N entries, to show how the time grows.

#include <benchmark/benchmark.h>

#include "bench/frame/measure.h"
#include "bench/sides.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

// The items are used in a circle. An item is used again long after its entry
// was evicted.
constexpr size_t kSpareItems = 8192;

template <class Side>
void SetEvict(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  const std::vector<Item>& items = fixture.items();
  std::atomic<size_t>& next = Side::new_items(fixture);
  Measure(state, spec.value_bytes, [&] {
    const size_t set = next.fetch_add(1, std::memory_order_relaxed);
    return side.SetEvict(items[(spec.entries + set) % items.size()],
                         items[set % items.size()]);
  });
}

template <class Side>
void Register(const std::string& operation, const char* side,
              const StoreSpec& spec, int threads) {
  RegisterCase(operation, side, spec, threads,
               [=](benchmark::State& state) { SetEvict<Side>(state, spec); });
}

}  // namespace

void RegisterEvictionCases() {
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const StoreSpec spec{.purpose = "evict",
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
    const StoreSpec spec{.purpose = "evict_of",
                         .entries = entries,
                         .spare_items = kSpareItems,
                         .full = true};
    const std::string operation = "set_evict_of_" + std::to_string(entries);
    Register<CacheSide>(operation, "cache", spec, 1);
    Register<BareSide>(operation, "bare", spec, 1);
  }
}

}  // namespace appcache::bench
