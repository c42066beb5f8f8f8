// Histories of tiers: what the threads of several processes did and saw, and
// whether tiers that keep their word can have shown it.
//
// Every call is noted with the moments before and after it, on the machine's
// steady clock, the same in all processes. Each set writes a value of its own,
// so a hit names the set that it saw. Of a hit of set S it is wrong
//
//   - if there is no such set of that key, or it began after the read's end;
//   - if some other write of the key, acknowledged, lies as a whole between S
//     and the read: at once if the reader's own process made it (it reads its
//     own writes), after max_staleness if another one did;
//   - if S had a ttl, and it had ended when the read began.
//
// A write that failed may have been done or not, and then, or later: it
// replaces nothing, and may be seen. A miss is always possible, for a cache may
// forget.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_
#define APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace appcache {

// One call and one key. Plain data: it is written to files.
struct HistoryEvent {
  enum class Kind : int32_t { kSet, kRemove, kHit, kMiss };

  Kind kind;
  int32_t key;
  int32_t process;
  int32_t is_acknowledged;  // of writes
  uint64_t value;           // of kSet and kHit
  int64_t ttl_ns;           // of kSet; 0: it never ends
  int64_t begin;            // TierMoment() before the call
  int64_t end;              // and after it
};

inline int64_t TierMoment() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct TierPromises {
  std::chrono::nanoseconds max_staleness;
  // How inexact the server's clock is: it counts milliseconds, from a time that
  // it looks up once for each round of its loop.
  std::chrono::nanoseconds ttl_slack{std::chrono::milliseconds(5)};
};

// What broke a promise, a line each, at most a hundred; empty if nothing did.
std::vector<std::string> FindBroken(std::span<const HistoryEvent> events,
                                    const TierPromises& promises);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_TIER_HISTORY_H_
