// CallTimes: checks that calls to a server that may not answer keep their
// timeout.

#ifndef APPCACHE_TESTS_SERVERS_CALL_TIMES_H_
#define APPCACHE_TESTS_SERVERS_CALL_TIMES_H_

#include <chrono>
#include <functional>
#include <vector>

#include "appcache/error.h"

namespace appcache {

// How long a test waits for what a busy machine may delay.
inline constexpr std::chrono::seconds kCallPatience{60};

class CallTimes {
 public:
  using Duration = std::chrono::steady_clock::duration;

  explicit CallTimes(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  // Adds a call that took that long, without the time that its thread waited
  // for a processor. Expects that one that timed out did not return before its
  // timeout.
  void Add(Duration took, Duration waited, bool timed_out);
  void Add(const CallTimes& others);

  // Prints the distribution.
  void Print() const;

  // Whether calls timed out, and at least half of them were late by at most a
  // tenth of the timeout, or 20 ms if that is more.
  bool MostAreInTime() const;

  // Expects that all calls returned, if late.
  void ExpectNoneHangs() const;

 private:
  std::chrono::milliseconds timeout_;
  std::vector<Duration> all_;
  std::vector<Duration> timed_out_;
};

// Expects that the calls of a round return in time. Repeats the round until
// most of its calls are in time, because a machine may stop for a while; but a
// call may hang in none. Gives up after `patience`.
void ExpectMostInTime(const std::function<CallTimes()>& round,
                      std::chrono::seconds patience = kCallPatience);

// How long the calling thread has waited for a processor, in total. Zero where
// the system does not say so.
std::chrono::nanoseconds TimeWithoutProcessor();

// Expects that `call` returns at most a tenth of the timeout after it. Repeats
// it until it does, for the same reason as ExpectTimesOut.
void ExpectInTime(std::chrono::milliseconds timeout,
                  const std::function<void()>& call);

// The same of a `call` that needs `prepare` before each repetition.
void ExpectInTime(std::chrono::milliseconds timeout,
                  const std::function<void()>& prepare,
                  const std::function<void()>& call);

// Expects that `call` returns kTimeout, never before the timeout. Repeats it
// until one call returns soon after the timeout, because a busy machine may
// wake a thread up late. Gives up after kCallPatience.
void ExpectTimesOut(std::chrono::milliseconds timeout,
                    const std::function<Status()>& call);

// Repeats a call with a short timeout of a server that answers, until it does
// not time out, because the machine may be busy for longer than the timeout.
// Returns its last result.
Status UntilInTime(const std::function<Status()>& call);

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_CALL_TIMES_H_
