// Histories: what many callers did to a cache at once, and whether what each of
// them saw is possible.
//
// Every call is noted with the moments before and after it. A set writes a
// value of its own, so a hit names the set that it saw. A hit is possible
// unless some other write of the key lies, as a whole, between that set and
// this read; a miss, unless a set does so between the last removal and this
// read, or the cache was free to evict. A value that has been seen was set by
// then, whether its set had returned or not.
//
// The moments are the machine's steady clock: histories of several processes go
// together.

#ifndef APPCACHE_TESTS_FAULT_HISTORY_H_
#define APPCACHE_TESTS_FAULT_HISTORY_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace appcache {

// One call and one key. A batch is several. Plain data: it is written to files.
struct Event {
  enum class Kind : int32_t { kSet, kRemove, kHit, kMiss };

  Kind kind;
  int32_t key;
  uint64_t value;  // of kSet and kHit
  int64_t begin;   // Moment() before the call
  int64_t end;     // and after it
};

// Nanoseconds, the same clock in all processes.
inline int64_t Moment() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

enum class Misses {
  kOnlyWhenRemoved,
  kAlways,  // the cache was free to evict
};

// What cannot have happened, a line each; empty if all is possible. At first
// there are no entries.
std::vector<std::string> FindImpossible(std::span<const Event> events,
                                        Misses misses);

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_HISTORY_H_
