// Worker: the operations of one thread of a case, for the benchmarks of
// throughput and of latency alike.

#ifndef APPCACHE_BENCH_SUITE_WORKER_H_
#define APPCACHE_BENCH_SUITE_WORKER_H_

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/items.h"
#include "bench/suite/cases.h"
#include "bench/suite/store.h"

namespace appcache::bench {

// Each operation returns whether its result was the expected one.
class Worker {
 public:
  // Of `thread` of `threads` threads. Thread 0 must not wait for the others
  // before it has constructed its worker (StoreFor).
  Worker(const CaseSpec& spec, int thread, int threads)
      : store_(StoreFor(spec.store, thread)),
        session_(store_->side().SessionOf(thread)),
        value_(store_->value()),
        cursor_(DrawsOf(spec.keys, spec.store.entries), thread, threads) {
    stamp_.fill('a');
    // Threads must not use the same ones.
    stamp_[0] = static_cast<char>(stamp_[0] + thread);
  }

  Store& store() { return *store_; }
  bool Flush() { return store_->side().Flush(); }

  bool Get() { return IsValue(session_.Get(Next())); }
  bool View() { return IsValue(session_.View(Next())); }
  bool Copy() { return IsValue(session_.Copy(Next())); }
  bool GetVia() { return IsValue(session_.GetVia(Next())); }
  bool GetViaCopy() { return IsValue(session_.GetViaCopy(Next())); }
  bool GetTimed() { return IsValue(session_.GetTimed(Next())); }
  bool GetMiss() {
    return session_.Get(store_->new_items()[cursor_.Next()]) == 0;
  }
  bool GetMany() { return AreValues(session_.GetMany(NextBatch())); }
  bool GetManyTimed() { return AreValues(session_.GetManyTimed(NextBatch())); }

  bool SetOver() { return Set(Next()); }
  bool Set(const Item& item) { return session_.Set(item, NewValue()); }
  bool Remove(const Item& item) { return session_.Remove(item); }
  // The replacement `i` of a full store.
  bool SetEvict(size_t i) {
    return session_.SetEvict(store_->NewItem(i), NewValue(),
                             store_->VictimOf(i));
  }

  // One set among `kPeriod` operations; the others are hits.
  template <unsigned kPeriod>
  bool Mix() {
    if (++mixed_ < kPeriod) return Get();
    mixed_ = 0;
    return SetOver();
  }

 private:
  const Item& Next() { return store_->items()[cursor_.Next()]; }
  std::span<const Item* const> NextBatch() {
    for (const Item*& item : batch_) item = &Next();
    return batch_;
  }
  bool IsValue(size_t size) const { return size == value_.size(); }
  bool AreValues(size_t size) const { return size == kBatch * value_.size(); }

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

  void AdvanceStamp() {
    for (size_t at = stamp_.size() - 1; at > 0; --at) {
      if (++stamp_[at] <= 'z') return;
      stamp_[at] = 'a';
    }
  }

  const std::shared_ptr<Store> store_;
  Session& session_;
  std::string value_;
  // Letters, as all values: some bytes would be taken for a compressed value.
  std::array<char, 8> stamp_;
  Cursor cursor_;
  std::array<const Item*, kBatch> batch_;
  unsigned mixed_ = 0;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_WORKER_H_
