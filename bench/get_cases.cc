// get_hit and get_miss: uniform gets of a filled store. get_away: hits whose
// values are in SQLite only; get_away_flushed: the same with a set among many
// gets, so that a flush replaces pages in every window.

#include <benchmark/benchmark.h>

#include "bench/frame/measure.h"
#include "bench/items.h"
#include "bench/sides.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

// Keys that no store contains, as many as the largest store has entries.
const std::vector<Item>& AbsentItems() {
  static const auto& items =
      *new std::vector<Item>(MakeItems(kAbsentIds, kMaxEntries));
  return items;
}

template <class Side>
void Get(benchmark::State& state, const StoreSpec& spec, Answer expected) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  const std::vector<Item>& items =
      expected == Answer::kHit ? fixture.items() : AbsentItems();
  Cursor cursor(fixture.order(), state.thread_index(), state.threads());
  const auto get = [&] { return side.Get(items[cursor.Next()]) == expected; };
  // Fill the page caches, which the flush after the last case has emptied.
  for (size_t i = 0; i < spec.entries; ++i) get();
  Measure(state, spec.value_bytes, get);
  if (!side.Flush()) state.SkipWithError("flush failed");
}

// One set among this many gets.
constexpr size_t kGetsPerSet = 4096;

template <class Side>
void GetAwayFlushed(benchmark::State& state, const StoreSpec& spec) {
  StoreFixture& fixture = FixtureFor(spec);
  Side side(fixture, state.threads() > 1);
  const std::vector<Item>& items = fixture.items();
  Cursor cursor(fixture.order(), state.thread_index(), state.threads());
  size_t gets = 0;
  Measure(state, spec.value_bytes, [&] {
    const Item& item = items[cursor.Next()];
    if (++gets % kGetsPerSet == 0) return side.SetOver(item);
    return side.Get(item) == Answer::kHit;
  });
  if (!side.Flush()) state.SkipWithError("flush failed");
}

template <class Side>
void RegisterAway(const char* side, int threads) {
  const StoreSpec spec{.purpose = "away", .away = true};
  RegisterCase("get_away", side, spec, threads, [=](benchmark::State& state) {
    Get<Side>(state, spec, Answer::kHit);
  });
  RegisterCase(
      "get_away_flushed", side, spec, threads,
      [=](benchmark::State& state) { GetAwayFlushed<Side>(state, spec); });
}

template <class Side>
void Register(Answer expected, const char* side, const StoreSpec& spec,
              int threads) {
  RegisterCase(
      expected == Answer::kHit ? "get_hit" : "get_miss", side, spec, threads,
      [=](benchmark::State& state) { Get<Side>(state, spec, expected); });
}

}  // namespace

void RegisterGetCases() {
  for (const int threads : {1, 2}) {
    RegisterAway<CacheSide>("cache", threads);
    RegisterAway<BareSide>("bare", threads);
  }
  for (const Place place : kPlaces) {
    for (const size_t bytes : kValueBytes) {
      const StoreSpec spec{.purpose = "get",
                           .place = place,
                           .value_bytes = bytes,
                           .entries = EntriesFor(bytes)};
      for (const Answer expected : {Answer::kHit, Answer::kMiss}) {
        for (const int threads : {1, 2}) {
          Register<CacheSide>(expected, "cache", spec, threads);
          Register<BareSide>(expected, "bare", spec, threads);
        }
      }
      if (place == Place::kFile) continue;
      for (const int threads : {1, 2}) {
        Register<PrivateSide>(Answer::kHit, "private", spec, threads);
      }
      Register<TypedSide<Bytes>>(Answer::kHit, "typed_bytes", spec, 1);
      Register<TypedSide<std::string>>(Answer::kHit, "typed_string", spec, 1);
      Register<BareViewSide>(Answer::kHit, "bare_view", spec, 1);
    }
  }
}

}  // namespace appcache::bench
