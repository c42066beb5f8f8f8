// BackendSide: the raw operations of a backend on the paths of a workload.

#ifndef APPCACHE_BENCH_FRAME_BACKEND_SIDE_H_
#define APPCACHE_BENCH_FRAME_BACKEND_SIDE_H_

#include <memory>
#include <utility>

#include "appcache/backend.h"
#include "bench/frame/answer.h"
#include "bench/frame/program.h"
#include "bench/frame/workload.h"

namespace appcache::bench {

// Each operation returns whether its result was the expected one. Not
// thread-safe.
class BackendSide {
 public:
  // `workload` must outlive it. Set stores entries with `ttl`.
  BackendSide(std::shared_ptr<Backend> backend, Workload& workload, Ttl ttl)
      : owned_(std::move(backend)),
        backend_(*owned_),
        workload_(workload),
        ttl_(ttl) {}

  // Stores all entries.
  void Fill(Ttl ttl) {
    for (const std::string& path : workload_.paths()) {
      Must(backend_.SetRaw(path, workload_.value(), ttl));
    }
  }

  bool Get() { return IsHit(backend_.GetRaw(workload_.NextPath())); }
  bool GetTimed() { return IsHit(backend_.GetTimedRaw(workload_.NextPath())); }
  bool GetMany() { return AreHits(backend_.GetManyRaw(workload_.NextBatch())); }
  bool GetManyTimed() {
    return AreHits(backend_.GetManyTimedRaw(workload_.NextBatch()));
  }
  bool Set() {
    return backend_.SetRaw(workload_.NextPath(), workload_.value(), ttl_).ok();
  }

 private:
  template <class V>
  bool IsHit(const Lookup<V>& found) const {
    return AnswerOf(found, workload_.value().size()) == Answer::kHit;
  }
  template <class Lookups>
  bool AreHits(const Lookups& lookups) const {
    bool are_hits = lookups.size() == Workload::kBatch;
    for (const auto& found : lookups) are_hits &= IsHit(found);
    return are_hits;
  }

  const std::shared_ptr<Backend> owned_;
  Backend& backend_;
  Workload& workload_;
  const Ttl ttl_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_BACKEND_SIDE_H_
