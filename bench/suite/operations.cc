#include "bench/suite/operations.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>

#include "bench/frame/counting.h"
#include "bench/frame/measure.h"
#include "bench/suite/store.h"

namespace appcache::bench {
namespace {

// The store and the session of one thread of a case.
class Run {
 public:
  Run(benchmark::State& state, const CaseSpec& spec)
      : state_(state),
        spec_(spec),
        store_(StoreFor(spec.store, state.thread_index())),
        session_(store_->side().SessionOf(state.thread_index())),
        value_(store_->value()),
        cursor_(DrawsOf(spec.keys, spec.store.entries), state.thread_index(),
                state.threads()) {
    stamp_.fill('a');
    // Threads must not use the same ones.
    stamp_[0] = static_cast<char>(stamp_[0] + state.thread_index());
  }

  Store& store() { return *store_; }
  Session& session() { return session_; }

  // A value that differs from all earlier ones, in every page of it. Otherwise
  // a side that compares the pages would write nothing.
  std::string_view NewValue() {
    constexpr size_t kStep = 1024;
    AdvanceStamp();
    for (size_t at = 0; at + stamp_.size() <= value_.size(); at += kStep) {
      std::memcpy(&value_[at], stamp_.data(), stamp_.size());
    }
    return value_;
  }

  const Item& Next() { return store_->items()[cursor_.Next()]; }
  const Item& NextAbsent() { return store_->new_items()[cursor_.Next()]; }
  bool IsValue(size_t size) const { return size == value_.size(); }

  bool SetNext() { return session_.Set(Next(), NewValue()); }

  // Of a batch of hits.
  size_t BatchBytes() const { return kBatch * value_.size(); }

  bool Flush() { return store_->side().Flush(); }

  // Times `operation()`, which returns whether its result was the expected
  // one. Does it for a while before: that fetches the hot entries into the
  // processor's caches, which the case before has filled with its own.
  template <class Op>
  void Time(const Op& operation) {
    using Clock = std::chrono::steady_clock;
    constexpr int kCalls = 1 << 16;
    const auto end = Clock::now() + std::chrono::milliseconds(20);
    bool succeeded = true;
    for (int i = 0; i < kCalls && (i % 16 != 0 || Clock::now() < end); ++i) {
      succeeded &= operation();
    }
    succeeded &= Flush();
    Measure(state_, spec_.store.value_bytes,
            [&] { return operation() && succeeded; });
    if (!Flush()) state_.SkipWithError("flush failed");
  }

  // Times `count` calls of `timed(i)` for i from 0, with `before` and `after`
  // around them, which are not timed. The counts are those of one round.
  template <class Before, class Op, class After>
  void TimeRounds(size_t count, const Before& before, const Op& timed,
                  const After& after) {
    const bool counts = state_.threads() == 1;
    bool succeeded = before();
    if (counts) StartCounting();
    for (size_t i = 0; i < count; ++i) succeeded &= timed(i);
    if (counts) StopCounting(static_cast<double>(count), state_.counters);
    succeeded &= after();
    while (state_.KeepRunningBatch(static_cast<int64_t>(count))) {
      state_.PauseTiming();
      succeeded &= before();
      state_.ResumeTiming();
      for (size_t i = 0; i < count; ++i) succeeded &= timed(i);
      state_.PauseTiming();
      succeeded &= after();
      state_.ResumeTiming();
    }
    if (!Flush() || !succeeded) state_.SkipWithError("an operation failed");
    SetCounter(state_, "bytes", static_cast<double>(spec_.store.value_bytes));
    SetCounter(state_, "ops", 1);
  }

 private:
  void AdvanceStamp() {
    for (size_t at = stamp_.size() - 1; at > 0; --at) {
      if (++stamp_[at] <= 'z') return;
      stamp_[at] = 'a';
    }
  }

  benchmark::State& state_;
  const CaseSpec& spec_;
  const std::shared_ptr<Store> store_;
  Session& session_;
  std::string value_;
  // Letters, as all values: some bytes would be taken for a compressed value.
  std::array<char, 8> stamp_;
  Cursor cursor_;
};

void GetHit(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.IsValue(run.session().Get(run.Next())); });
}

void GetView(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.IsValue(run.session().View(run.Next())); });
}

void GetCopy(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.IsValue(run.session().Copy(run.Next())); });
}

void GetVia(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.IsValue(run.session().GetVia(run.Next())); });
}

void GetMiss(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.session().Get(run.NextAbsent()) == 0; });
}

void GetMany(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  std::array<const Item*, kBatch> batch;
  run.Time([&] {
    for (const Item*& item : batch) item = &run.Next();
    return run.session().GetMany(batch) == run.BatchBytes();
  });
}

void SetOver(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  run.Time([&] { return run.SetNext(); });
}

// One set among `kPeriod` operations; the others are hits.
template <unsigned kPeriod>
void Mix(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  unsigned at = 0;
  run.Time([&] {
    if (++at == kPeriod) {
      at = 0;
      return run.SetNext();
    }
    return run.IsValue(run.session().Get(run.Next()));
  });
}

// A new key can be set once. Each round sets many, and removes them again.
size_t RoundOf(const CaseSpec& spec) {
  return std::clamp<size_t>(spec.store.entries / 10, 100, 1000);
}

void SetNew(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  const std::span<const Item> items = run.store().TakeNew(RoundOf(spec));
  run.TimeRounds(
      items.size(), [] { return true; },
      [&](size_t i) { return run.session().Set(items[i], run.NewValue()); },
      [&] {
        bool succeeded = true;
        for (const Item& item : items) succeeded &= run.session().Remove(item);
        return succeeded;
      });
}

void Invalidate(benchmark::State& state, const CaseSpec& spec) {
  Run run(state, spec);
  const std::span<const Item> items = run.store().TakeNew(RoundOf(spec));
  run.TimeRounds(
      items.size(),
      [&] {
        bool succeeded = true;
        for (const Item& item : items) {
          succeeded &= run.session().Set(item, run.NewValue());
        }
        return succeeded;
      },
      [&](size_t i) { return run.session().Remove(items[i]); },
      [] { return true; });
}

// Sets in bursts that fit into the write-behind window of a cache in memory.
// The flush after each burst is timed only if `kSustained`.
template <bool kSustained>
void SetEvict(benchmark::State& state, const CaseSpec& spec) {
  constexpr size_t kBurstBytes = size_t{8} << 20;
  Run run(state, spec);
  const size_t most = spec.place == "memory" ? 8'000 : 200;
  // Of both the new value and the one that is evicted. Threads must not take
  // as many as there are entries.
  const size_t burst =
      std::clamp<size_t>(kBurstBytes / (2 * spec.store.value_bytes), 16,
                         std::min(most, spec.store.entries / 16));
  size_t first = 0;
  run.TimeRounds(
      burst,
      [&] {
        first = run.store().TakeReplacements(burst);
        return true;
      },
      [&](size_t i) {
        return run.session().SetEvict(run.store().NewItem(first + i),
                                      run.NewValue(),
                                      run.store().VictimOf(first + i));
      },
      [&] { return kSustained || run.Flush(); });
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
  constexpr bool kDraws = true, kNewKeys = false;
  constexpr bool kRoomy = false, kFull = true;
  static const auto& operations = *new std::vector<Operation>{
      {"get_hit", kWrites, kDraws, kRoomy, GetHit},
      {"get_view", kView, kDraws, kRoomy, GetView},
      {"get_copy", kCopy, kDraws, kRoomy, GetCopy},
      {"get_via", kGetVia, kDraws, kRoomy, GetVia},
      {"get_miss", 0, kDraws, kRoomy, GetMiss},
      {"get_many", kWrites, kDraws, kRoomy, GetMany},
      {"set_over", kWrites, kDraws, kRoomy, SetOver},
      {"mix_95_5", kWrites, kDraws, kRoomy, Mix<20>},
      {"mix_50_50", kWrites, kDraws, kRoomy, Mix<2>},
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
