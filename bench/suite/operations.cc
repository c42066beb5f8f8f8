#include "bench/suite/operations.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>

#include "bench/frame/counting.h"
#include "bench/frame/measure.h"
#include "bench/suite/worker.h"

namespace appcache::bench {
namespace {

Worker WorkerOf(const benchmark::State& state, const CaseSpec& spec) {
  return Worker(spec, state.thread_index(), state.threads());
}

// Times one operation of a worker. Does it for a while before: that fetches
// the hot entries into the processor's caches, which the case before has filled
// with its own. Google Benchmark first tries small numbers of iterations, to
// choose one; such a trial does not need more calls before it than it times.
template <bool (Worker::*kOperation)()>
void Time(benchmark::State& state, const CaseSpec& spec) {
  using Clock = std::chrono::steady_clock;
  const auto calls = std::min<int64_t>(1 << 16, state.max_iterations);
  Worker worker = WorkerOf(state, spec);
  const auto end = Clock::now() + std::chrono::milliseconds(5);
  bool succeeded = true;
  for (int64_t i = 0; i < calls && (i % 16 != 0 || Clock::now() < end); ++i) {
    succeeded &= (worker.*kOperation)();
  }
  succeeded &= worker.Flush();
  Measure(state, spec.store.value_bytes,
          [&] { return (worker.*kOperation)() && succeeded; });
  if (!worker.Flush()) state.SkipWithError("flush failed");
}

// Times `count` calls of `timed(i)` for i from 0, with `before` and `after`
// around them, which are not timed. The counts are those of one such round.
template <class Before, class Operation, class After>
void TimeRounds(benchmark::State& state, const CaseSpec& spec, Worker& worker,
                size_t count, const Before& before, const Operation& timed,
                const After& after) {
  const bool counts = state.threads() == 1;
  bool succeeded = before();
  if (counts) StartCounting();
  for (size_t i = 0; i < count; ++i) succeeded &= timed(i);
  if (counts) StopCounting(static_cast<double>(count), state.counters);
  succeeded &= after();
  while (state.KeepRunningBatch(static_cast<int64_t>(count))) {
    state.PauseTiming();
    succeeded &= before();
    state.ResumeTiming();
    for (size_t i = 0; i < count; ++i) succeeded &= timed(i);
    state.PauseTiming();
    succeeded &= after();
    state.ResumeTiming();
  }
  if (!worker.Flush() || !succeeded) {
    state.SkipWithError("an operation failed");
  }
  SetCounter(state, "bytes", static_cast<double>(spec.store.value_bytes));
  SetCounter(state, "ops", 1);
}

// How many operations follow each other in a round. Fewer where each may take
// milliseconds, because it waits for the disk.
size_t Round(const CaseSpec& spec, size_t most) {
  return spec.place == "memory" ? most : 50;
}

// A new key can be set once. Each round sets many, and removes them again.
std::span<const Item> ItemsOfRound(Worker& worker, const CaseSpec& spec) {
  const size_t most = std::clamp<size_t>(spec.store.entries / 10, 100, 1000);
  return worker.store().TakeNew(Round(spec, most));
}

bool Always() { return true; }

void SetNew(benchmark::State& state, const CaseSpec& spec) {
  Worker worker = WorkerOf(state, spec);
  const std::span<const Item> items = ItemsOfRound(worker, spec);
  TimeRounds(
      state, spec, worker, items.size(), Always,
      [&](size_t i) { return worker.Set(items[i]); },
      [&] {
        bool succeeded = true;
        for (const Item& item : items) succeeded &= worker.Remove(item);
        return succeeded;
      });
}

void Invalidate(benchmark::State& state, const CaseSpec& spec) {
  Worker worker = WorkerOf(state, spec);
  const std::span<const Item> items = ItemsOfRound(worker, spec);
  TimeRounds(
      state, spec, worker, items.size(),
      [&] {
        bool succeeded = true;
        for (const Item& item : items) succeeded &= worker.Set(item);
        return succeeded;
      },
      [&](size_t i) { return worker.Remove(items[i]); }, Always);
}

// Sets in bursts that fit into the write-behind window of a cache in memory.
// The flush after each burst is timed only if `kSustained`.
template <bool kSustained>
void SetEvict(benchmark::State& state, const CaseSpec& spec) {
  constexpr size_t kBurstBytes = size_t{8} << 20;
  Worker worker = WorkerOf(state, spec);
  // Of both the new value and the one that is evicted. Threads must not take
  // as many as there are entries.
  const size_t burst = Round(
      spec,
      std::clamp<size_t>(kBurstBytes / (2 * spec.store.value_bytes), 16,
                         std::min<size_t>(8'000, spec.store.entries / 16)));
  size_t first = 0;
  TimeRounds(
      state, spec, worker, burst,
      [&] {
        first = worker.store().TakeReplacements(burst);
        return true;
      },
      [&](size_t i) { return worker.SetEvict(first + i); },
      [&] { return kSustained || worker.Flush(); });
}

void Loop(benchmark::State& state, const CaseSpec& spec) {
  const std::vector<Item>& items = StoredItems(spec.store.entries);
  Cursor cursor(DrawsOf(spec.keys, spec.store.entries), state.thread_index(),
                state.threads());
  Measure(state, 0, [&] {
    benchmark::DoNotOptimize(items[cursor.Next()].path().data()[0]);
    return true;
  });
}

}  // namespace

const std::vector<Operation>& Operations() {
  constexpr bool kDraws = true, kNewKeys = false, kUniform = false;
  constexpr bool kRoomy = false, kFull = true;
  static const auto& operations = *new std::vector<Operation>{
      {"get_hit", kWrites, kDraws, kRoomy, Time<&Worker::Get>},
      {"get_view", kView, kDraws, kRoomy, Time<&Worker::View>},
      {"get_copy", kCopy, kDraws, kRoomy, Time<&Worker::Copy>},
      {"get_via", kGetVia, kDraws, kRoomy, Time<&Worker::GetVia>},
      {"get_via_copy", kGetVia, kDraws, kRoomy, Time<&Worker::GetViaCopy>},
      {"get_timed", kTimed, kDraws, kRoomy, Time<&Worker::GetTimed>},
      {"get_miss", 0, kDraws, kRoomy, Time<&Worker::GetMiss>},
      {"get_many", kWrites, kDraws, kRoomy, Time<&Worker::GetMany>},
      {"get_many_timed", kTimed, kDraws, kRoomy, Time<&Worker::GetManyTimed>},
      {"get_fetch", kFetches, kUniform, kFull, Time<&Worker::Get>},
      {"set_over", kWrites, kDraws, kRoomy, Time<&Worker::SetOver>},
      {"mix_95_5", kWrites, kDraws, kRoomy, Time<&Worker::Mix<20>>},
      {"mix_50_50", kWrites, kDraws, kRoomy, Time<&Worker::Mix<2>>},
      {"set_new", kWrites, kNewKeys, kRoomy, SetNew},
      {"invalidate", kWrites, kNewKeys, kRoomy, Invalidate},
      {"set_evict", kEvicts, kNewKeys, kFull, SetEvict<false>},
      {"set_sustained", kEvicts, kNewKeys, kFull, SetEvict<true>},
  };
  return operations;
}

const Operation& LoopOperation() {
  static constexpr Operation kLoop = {"loop", 0, true, false, Loop};
  return kLoop;
}

}  // namespace appcache::bench
