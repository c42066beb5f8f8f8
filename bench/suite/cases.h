// The cases of the suite: every operation on every side, for all sizes, numbers
// of entries, distributions and threads.

#ifndef APPCACHE_BENCH_SUITE_CASES_H_
#define APPCACHE_BENCH_SUITE_CASES_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "bench/suite/draws.h"
#include "bench/suite/side.h"
#include "bench/suite/store.h"

namespace appcache::bench {

// The keys of one operation of get_many.
inline constexpr size_t kBatch = 100;

struct CaseSpec {
  std::string operation;
  StoreSpec store;
  std::string place;
  Distribution keys = Distribution::kZipf;
  int threads = 1;

  // "get_hit/tkrzw/memory/256/entries:10000/keys:zipf/threads:2".
  std::string Name() const;
};

struct Case {
  CaseSpec spec;
  // Runs in each of the threads.
  void (*run)(benchmark::State& state, const CaseSpec& spec);
};

// All cases of this program. Those that use the same store follow each other.
// Makes no store.
std::vector<Case> AllCases();

// The case of this operation, which is not part of AllCases if its side does
// not have it: for tests.
Case CaseOf(const CaseSpec& spec);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_CASES_H_
