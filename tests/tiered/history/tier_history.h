// Histories of tiers: what the threads of several processes did and saw, and a
// checker that looks for reads that no correct tier returns.
//
// Every call is recorded with the times before and after it, by the machine's
// steady clock, which is the same in all processes. Each set writes a value of
// its own, so a hit identifies the set whose value it returned. A hit of set S
// is a violation
//
//   - if there is no such set of that key, or it began after the read ended;
//   - if another acknowledged write of the key lies entirely between S and the
//     read: at once if the reader's own process made it (a process reads its
//     own writes), and after max_staleness if another process did;
//   - if S had a ttl, and it had expired when the read began.
//
// A write that failed may have been applied or not, and later than it returned:
// it replaces nothing, and its value may be read. A miss is always allowed: a
// cache may forget.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_
#define APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace appcache {

// One key of one call. Trivially copyable, because it is written to files.
struct HistoryEvent {
  enum class Kind : int32_t { kSet, kRemove, kHit, kMiss };

  Kind kind;
  int32_t key;
  int32_t process;
  int32_t is_acknowledged;  // for writes: whether it succeeded
  uint64_t value;           // for kSet and kHit
  int64_t ttl_ns;           // for kSet; 0: it never expires
  int64_t begin;            // SteadyNanoseconds() before the call
  int64_t end;              // and after it
};

inline int64_t SteadyNanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct TierGuarantees {
  std::chrono::nanoseconds max_staleness;
  // The error of the server's clock: it counts milliseconds, and reads the time
  // once for each iteration of its event loop.
  std::chrono::nanoseconds ttl_slack{std::chrono::milliseconds(5)};
};

// A line for each violation, at most a hundred.
std::vector<std::string> FindViolations(std::span<const HistoryEvent> events,
                                        const TierGuarantees& guarantees);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_
