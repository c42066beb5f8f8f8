// The operations of the suite, each written once for all sides.

#ifndef APPCACHE_BENCH_SUITE_OPERATIONS_H_
#define APPCACHE_BENCH_SUITE_OPERATIONS_H_

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/suite/cases.h"

namespace appcache::bench {

struct Operation {
  const char* name;
  // The forms that a side must have.
  unsigned forms;
  // Whether its keys are draws of every distribution. Otherwise each key is
  // used once, or they are uniform: hardly any is drawn again soon.
  bool draws;
  // Whether its store is full.
  bool fills;
  void (*run)(benchmark::State& state, const CaseSpec& spec);
};

const std::vector<Operation>& Operations();

// The loop around every operation, with the draw and the fetch of a key: its
// time is part of every other one. It has no side.
const Operation& LoopOperation();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_OPERATIONS_H_
