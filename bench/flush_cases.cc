// touch_flush_of_N: writing the accesses of 4,096 different entries to SQLite,
// in a store of N entries. set_flush_of_N: writing 4,096 sets of different
// entries. Only the Flush is timed, not the gets or sets before it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <vector>

#include "bench/frame/measure.h"
#include "bench/sides.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

constexpr size_t kTouches = 4096;

// Batches of kTouches different items, in a shuffled order.
class TouchBatches {
 public:
  explicit TouchBatches(const StoreFixture& fixture)
      : items_(fixture.items()), order_(ShuffledOrder(fixture.spec().entries)) {
    assert(order_.size() >= kTouches);
  }

  // Calls visit(item) for each item of the next batch.
  template <class Visit>
  void VisitNext(const Visit& visit) {
    if (begin_ + kTouches > order_.size()) begin_ = 0;
    for (size_t i = 0; i < kTouches; ++i) visit(items_[order_[begin_ + i]]);
    begin_ += kTouches;
  }

 private:
  const std::vector<Item>& items_;
  const std::vector<uint32_t> order_;
  size_t begin_ = 0;
};

template <class Write>
bool Time(benchmark::State& state, const Write& write) {
  const auto start = std::chrono::steady_clock::now();
  const bool succeeded = write();
  const std::chrono::duration<double> duration =
      std::chrono::steady_clock::now() - start;
  state.SetIterationTime(duration.count());
  return succeeded;
}

// `use(side, item)` makes an entry one that a flush writes.
template <class Use>
void FlushCache(benchmark::State& state, const StoreSpec& spec,
                const Use& use) {
  StoreFixture& fixture = FixtureFor(spec);
  CacheSide side(fixture, false);
  TouchBatches batches(fixture);
  bool succeeded = side.Flush();
  while (state.KeepRunning()) {
    batches.VisitNext([&](const Item& item) { succeeded &= use(side, item); });
    succeeded &= Time(state, [&] { return side.Flush(); });
  }
  if (!succeeded) state.SkipWithError("an operation had an unexpected result");
  SetCounter(state, "ops", kTouches);
}

// The same updates in one transaction, in the order of the tree.
void TouchBare(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  BareSide side(fixture, false);
  TouchBatches batches(fixture);
  std::vector<int64_t> hashes;
  while (state.KeepRunning()) {
    hashes.clear();
    batches.VisitNext([&](const Item& item) { hashes.push_back(item.h); });
    std::sort(hashes.begin(), hashes.end());
    Time(state, [&] {
      side.connection().Touch(hashes);
      return true;
    });
  }
  SetCounter(state, "ops", kTouches);
}

// The same rows in one transaction, in the order of the tree.
void SetBare(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  BareSide side(fixture, false);
  TouchBatches batches(fixture);
  std::vector<const Item*> items;
  while (state.KeepRunning()) {
    items.clear();
    batches.VisitNext([&](const Item& item) { items.push_back(&item); });
    std::sort(items.begin(), items.end(),
              [](const Item* a, const Item* b) { return a->h < b->h; });
    Time(state, [&] {
      side.connection().SetOverMany(items, fixture.value());
      return true;
    });
  }
  SetCounter(state, "ops", kTouches);
}

void RegisterSetFlush(const StoreSpec& spec) {
  const std::string operation = "set_flush_of_" + std::to_string(spec.entries);
  RegisterCase(operation, "cache", spec, [=](benchmark::State& state) {
    FlushCache(state, spec, [](CacheSide& side, const Item& item) {
      return side.SetOver(item);
    });
  })->UseManualTime();
  RegisterCase(operation, "bare", spec, [=](benchmark::State& state) {
    SetBare(state, spec);
  })->UseManualTime();
}

}  // namespace

void RegisterFlushCases() {
  for (const size_t entries : {10'000, 1'000'000}) {
    const StoreSpec spec{.purpose = "flush",
                         .value_bytes = 16,
                         .entries = entries,
                         .manual_flush = true};
    const std::string operation = "touch_flush_of_" + std::to_string(entries);
    RegisterCase(operation, "cache", spec, [=](benchmark::State& state) {
      FlushCache(state, spec, [](CacheSide& side, const Item& item) {
        return side.Get(item) == Answer::kHit;
      });
    })->UseManualTime();
    RegisterCase(operation, "bare", spec, [=](benchmark::State& state) {
      TouchBare(state, spec);
    })->UseManualTime();
    RegisterSetFlush({.purpose = "set_flush", .entries = entries});
  }
}

}  // namespace appcache::bench
