// touch_flush: what it costs to write 4,096 uses, of different entries, to
// SQLite. Only the Flush is timed, not the gets.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/sides.h"
#include "bench/world.h"

namespace appcache::bench {
namespace {

constexpr size_t kTouches = 4096;

// Runs of kTouches different items, one after the other.
class Runs {
 public:
  explicit Runs(const World& world)
      : items_(world.items()), order_(ShuffledOrder(world.spec().entries)) {}

  template <class Visit>
  void ForNext(const Visit& visit) {
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
bool TimeOf(benchmark::State& state, const Write& write) {
  const auto start = std::chrono::steady_clock::now();
  const bool right = write();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  state.SetIterationTime(took.count());
  return right;
}

void FlushCache(benchmark::State& state, const WorldSpec& spec) {
  World& world = WorldOf(spec);
  CacheSide side(world, false);
  Runs runs(world);
  bool right = side.Settle();
  while (state.KeepRunning()) {
    runs.ForNext(
        [&](const Item& item) { right &= side.Get(item) == Answer::kHit; });
    right &= TimeOf(state, [&] { return side.Settle(); });
  }
  if (!right) state.SkipWithError("an operation went wrong");
  SetCounter(state, "ops", kTouches);
}

// The same updates in one transaction, in the order of the tree.
void TouchBare(benchmark::State& state, const WorldSpec& spec) {
  World& world = WorldOf(spec);
  BareSide side(world, false);
  Runs runs(world);
  std::vector<int64_t> hashes;
  while (state.KeepRunning()) {
    hashes.clear();
    runs.ForNext([&](const Item& item) { hashes.push_back(item.h); });
    std::sort(hashes.begin(), hashes.end());
    TimeOf(state, [&] {
      side.connection().Touch(hashes);
      return true;
    });
  }
  SetCounter(state, "ops", kTouches);
}

}  // namespace

void RegisterFlushCases() {
  for (const size_t entries : {10'000, 1'000'000}) {
    const WorldSpec spec{.purpose = "flush",
                         .value_bytes = 16,
                         .entries = entries,
                         .holds_touches = true};
    const std::string operation = "touch_flush_of_" + std::to_string(entries);
    RegisterCase(operation, "cache", spec, [=](benchmark::State& state) {
      FlushCache(state, spec);
    })->UseManualTime();
    RegisterCase(operation, "bare", spec, [=](benchmark::State& state) {
      TouchBare(state, spec);
    })->UseManualTime();
  }
}

}  // namespace appcache::bench
