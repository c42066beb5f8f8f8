// set_evict: each set stores a new key in a full store and evicts one entry.
// set_evict_of_N: the same in stores of N entries, to show how the time grows.
// set_evict_sustained: the same without end, where the cache writes behind; the
// peer writes in transactions of as many rows as the cache's flush.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <vector>

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

constexpr size_t kSetsPerBatch = 256;  // each with a removal: 512 rows

template <class Side, class SetMany>
void SetEvictSustained(benchmark::State& state, const StoreSpec& spec,
                       const SetMany& set_many) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, false);
  const std::vector<Item>& items = fixture.items();
  std::atomic<size_t>& next = Side::new_items(fixture);
  std::array<const Item*, kSetsPerBatch> batch;
  std::array<const Item*, kSetsPerBatch> victims;
  const auto set = [&] {
    const size_t first = next.fetch_add(kSetsPerBatch);
    for (size_t i = 0; i < kSetsPerBatch; ++i) {
      batch[i] = &items[(spec.entries + first + i) % items.size()];
      victims[i] = &items[(first + i) % items.size()];
    }
    return set_many(fixture, side, batch, victims);
  };
  Measure(state, spec.value_bytes, set, kSetsPerBatch);
  if (!side.Flush()) state.SkipWithError("flush failed");
}

void RegisterSustained(const StoreSpec& spec) {
  RegisterCase(
      "set_evict_sustained", "cache", spec, 1, [=](benchmark::State& state) {
        SetEvictSustained<CacheSide>(
            state, spec,
            [](StoreFixture&, CacheSide& side, const auto& batch, const auto&) {
              bool succeeded = true;
              for (const Item* const item : batch) {
                succeeded &= side.SetOver(*item);
              }
              return succeeded;
            });
      });
  RegisterCase(
      "set_evict_sustained", "bare", spec, 1, [=](benchmark::State& state) {
        SetEvictSustained<BareSide>(state, spec,
                                    [](StoreFixture& fixture, BareSide& side,
                                       const auto& batch, const auto& victims) {
                                      side.connection().SetEvictMany(
                                          batch, fixture.value(), victims);
                                      return true;
                                    });
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
    if (entries == 1'000'000) RegisterSustained(spec);
  }
}

}  // namespace appcache::bench
