// FaultClient: a client of a cache whose connection or server fails, and a
// model of the values that its keys may have.

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

#include "appcache/backend.h"
#include "tests/servers/call_times.h"

namespace appcache {

// Runs random operations on keys that no other client uses, and expects that it
// finds only values that it has written to the same key, or may have written.
// Not thread-safe.
class FaultClient {
 public:
  static constexpr int kKeys = 6;

  // `timeout` is that of the backend. With `may_lose`, keys may vanish, as when
  // the server restarts empty.
  FaultClient(Backend& backend, std::chrono::milliseconds timeout, int id,
              uint64_t seed, bool may_lose = false)
      : backend_(backend),
        timeout_(timeout),
        times_(timeout),
        name_("client" + std::to_string(id)),
        random_(seed),
        may_lose_(may_lose) {}

  // Runs one operation: a get, a set, an invalidation, or a batch.
  void Step();

  // Expects that without faults every operation succeeds again.
  void ExpectHealed();

  // The times of the steps since the last call.
  CallTimes TakeTimes();

 private:
  // The values that a key may have; none means no entry.
  struct Possible {
    std::optional<std::string> last;  // of the last acknowledged write
    // Of writes whose outcome is unknown: they were done, or will be, or not.
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

  Backend& backend_;
  const std::chrono::milliseconds timeout_;
  CallTimes times_;
  const std::string name_;
  std::mt19937_64 random_;
  const bool may_lose_;
  std::map<std::string, Possible> possible_;
  int values_ = 0;
  bool timed_out_ = false;  // in the current step
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_CLIENT_H_
