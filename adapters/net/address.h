// Endpoint, Address and Resolver: where a server is, as the user writes it and
// as the system needs it.

#ifndef APPCACHE_ADAPTERS_NET_ADDRESS_H_
#define APPCACHE_ADAPTERS_NET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/deadline.h"
#include "appcache/error.h"
#include "engine/support/mutex.h"
#include "engine/support/per_process.h"
#include "engine/support/shared_result.h"

namespace appcache::net {

struct Endpoint {
  std::string kind;  // the kind of server in messages: "Redis"
  std::string host;
  uint16_t port = 0;
  std::string unix_path;  // used instead of host and port unless it is empty

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

// Resolves an endpoint to addresses, with a deadline. The system's resolver has
// none, so each name is looked up on a thread of its own, which may outlive the
// callers that wait for it. At most one lookup runs at a time: callers that
// arrive while it runs share its result. Thread-safe.
class Resolver {
 public:
  // Returns at least one address. An exception counts as out of memory.
  using LookUp =
      std::function<Result<std::vector<Address>>(const Endpoint& endpoint)>;

  explicit Resolver(Endpoint endpoint);
  // With another lookup function, for tests. `look_up` is called only for a
  // name, and may be called after this object was destroyed.
  Resolver(Endpoint endpoint, LookUp look_up);

  const Endpoint& endpoint() const noexcept { return endpoint_; }

  // Looks the name up anew on each call, because its address may change.
  // kUnavailable when it does not resolve; kTimeout at the deadline. Throws
  // std::bad_alloc.
  Result<std::vector<Address>> Resolve(const Deadline& deadline);

 private:
  // A lookup, shared by its thread and the callers that wait for it.
  using Flight = internal::SharedResult<Result<std::vector<Address>>>;
  struct State {
    internal::Mutex mutex;
    // Null: none yet.
    std::shared_ptr<Flight> flight APPCACHE_GUARDED_BY(mutex);

    // A forked child starts with a new State: the thread of this one's flight
    // does not exist there.
    void AbandonInChild() noexcept {}
  };

  // The lookup in progress, or a new one. Throws std::system_error when no
  // thread can be started.
  std::shared_ptr<Flight> JoinFlight();
  // Waits for the result. Null: the deadline expired first.
  static const Result<std::vector<Address>>* Await(const Flight& flight,
                                                   const Deadline& deadline);

  const Endpoint endpoint_;
  const LookUp look_up_;

  internal::PerProcess<State> state_;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_ADDRESS_H_
