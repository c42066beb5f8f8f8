// FaultClient: a client of a cache on a link or a server that fails, and the
// model of what its keys may hold.

#ifndef APPCACHE_TESTS_SERVERS_FAULT_CLIENT_H_
#define APPCACHE_TESTS_SERVERS_FAULT_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "engine/cache.h"
#include "tests/servers/call_times.h"

namespace appcache {

// One thread's random operations on keys that are its own. That what it finds
// is what it has written, or may have written, is an expectation of the test:
// no wrong value, and never another key's.
class FaultClient {
 public:
  static constexpr int kKeys = 6;

  // `timeout` is the cache's. All keys may vanish, as those of a server that is
  // restarted empty, if `may_lose`.
  FaultClient(Cache& cache, std::chrono::milliseconds timeout, int id,
              uint64_t seed, bool may_lose = false)
      : cache_(cache),
        times_(timeout),
        name_("client" + std::to_string(id)),
        random_(seed),
        may_lose_(may_lose) {}

  // One operation: a get, a set, an invalidate, or a batch.
  void Step();

  // With a link that works, all is exact again.
  void ExpectHealed();

  const CallTimes& times() const { return times_; }

 private:
  // What a key may hold.
  struct Possible {
    std::optional<std::string> last;  // the last acknowledged; none: no entry
    // Of writes whose outcome is unknown: done at once, later, or never.
    std::set<std::optional<std::string>> perhaps = {};

    bool Allows(const std::optional<std::string>& found) const {
      return found == last || perhaps.contains(found);
    }
  };

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Path(uint64_t i) const { return name_ + "/" + std::to_string(i); }
  std::string RandomPath() { return Path(Below(kKeys)); }
  std::string NewValue(const std::string& path);

  void NoteFailure(const Status& status);
  void Note(const Status& status, const std::string& path,
            std::optional<std::string> written);
  void Check(const std::string& path, const Lookup<Bytes>& lookup);
  void SetOne();
  void Invalidate();
  void GetOne();
  void GetMany();
  void SetMany();

  Cache& cache_;
  CallTimes times_;
  const std::string name_;
  std::mt19937_64 random_;
  const bool may_lose_;
  std::map<std::string, Possible> possible_;
  int values_ = 0;
  bool timed_out_ = false;  // the step that goes on
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_CLIENT_H_
