// CallTimes: how long calls took that may wait for a server, and whether that
// is what their timeout says.

#ifndef APPCACHE_TESTS_SERVERS_CALL_TIMES_H_
#define APPCACHE_TESTS_SERVERS_CALL_TIMES_H_

#include <chrono>
#include <functional>
#include <vector>

#include "engine/error.h"

namespace appcache {

class CallTimes {
 public:
  using Duration = std::chrono::steady_clock::duration;

  explicit CallTimes(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  // One that ended in kTimeout must have had its time: expects it.
  void Add(Duration took, bool timed_out);
  void Add(const CallTimes& others);

  // Expects that the calls ended in time, and prints it. Half of those that
  // timed out are a tenth of the timeout late at most (20 ms if that is more).
  // The others may be later: a busy machine wakes up late now and then.
  void ExpectInTime() const;

 private:
  std::chrono::milliseconds timeout_;
  std::vector<Duration> all_;
  std::vector<Duration> timed_out_;
};

// Expects that the call ends in kTimeout, never before the timeout, and that
// the fastest of several, as a slow machine wakes up late, ends soon after it.
void ExpectTimesOut(std::chrono::milliseconds timeout,
                    const std::function<Status()>& call);

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_CALL_TIMES_H_
