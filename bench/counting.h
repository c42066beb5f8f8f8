// Exact counts of what operations cost the thread that calls them: SQL
// statements, C++ allocations.
//
// Statements are only looked at between StartCounting and StopCounting, so that
// it costs the timed parts nothing (an allocation: one increment).

#ifndef APPCACHE_BENCH_COUNTING_H_
#define APPCACHE_BENCH_COUNTING_H_

#include <cstdint>

namespace appcache::bench {

struct Counts {
  uint64_t statements = 0;   // run by SQLite, on any connection
  uint64_t allocations = 0;  // operator new
};

// Call first of all: connections that were opened before are not counted.
void PrepareCounting();

// In one thread at a time.
void StartCounting();
Counts StopCounting();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_COUNTING_H_
