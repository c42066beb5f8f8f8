// Where a server is: as a user says it, and as the system takes it.

#ifndef APPCACHE_ADAPTERS_NET_ADDRESS_H_
#define APPCACHE_ADAPTERS_NET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/net/deadline.h"
#include "engine/error.h"
#include "engine/per_process.h"

namespace appcache::net {

struct Endpoint {
  std::string kind;  // of server, as messages call it: "Redis"
  std::string host;
  uint16_t port = 0;
  std::string unix_path;  // instead of host and port, unless empty

  // "host:port", "[::1]:port" or the path.
  std::string ToString() const;
  // "the Redis server host:port".
  std::string ServerName() const;
};

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  int family() const noexcept { return storage.ss_family; }
  const sockaddr& plain() const noexcept {
    return reinterpret_cast<const sockaddr&>(storage);
  }
};

// Looks the addresses of an endpoint up, in bounded time, which the system's
// resolver does not promise: a name is looked up by a thread of its own, which
// may take longer than whoever waits for it. There is at most one: those who
// come meanwhile wait for the same. Thread-safe.
class Resolver {
 public:
  // The addresses, one at least. What it throws is a failure.
  using LookUp =
      std::function<Result<std::vector<Address>>(const Endpoint& endpoint)>;

  explicit Resolver(Endpoint endpoint);
  // With another way to look a name up, for tests.
  Resolver(Endpoint endpoint, LookUp look_up);

  const Endpoint& endpoint() const noexcept { return endpoint_; }

  // Anew each time: a name may move. kUnavailable, kTimeout.
  Result<std::vector<Address>> Resolve(const Deadline& deadline);

 private:
  struct Flight;
  struct State {
    std::mutex mutex;
    std::shared_ptr<Flight> flight;  // guarded by mutex; null: none goes on

    // The thread of a flight is not there in a child.
    void AbandonInChild() noexcept {}
  };

  std::shared_ptr<Flight> JoinFlight();

  const Endpoint endpoint_;
  const LookUp look_up_;

  PerProcess<State> state_;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_ADDRESS_H_
