// Client: one request and its replies, whichever connection serves it.

#ifndef APPCACHE_ADAPTERS_REDIS_CLIENT_H_
#define APPCACHE_ADAPTERS_REDIS_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/pool.h"
#include "adapters/net/settings.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "adapters/redis/server_error.h"
#include "engine/error.h"

namespace appcache::redis {

// Thread-safe.
class Client {
 public:
  Client(const net::Endpoint& endpoint, Login login,
         const net::Settings& settings)
      : server_(endpoint.ServerName()),
        timeout_(settings.timeout),
        connect_timeout_(settings.connect_timeout),
        login_(std::move(login)),
        resolver_(endpoint),
        pool_(
            server_,
            [this](const net::Deadline& deadline) {
              return Connection::Connect(resolver_, login_, deadline);
            },
            settings.max_connections, settings.connect_timeout) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What messages call the server: "the Redis server localhost:6379".
  const std::string& server() const noexcept { return server_; }

  // No exchange that begins from now on is on a connection that was made
  // before.
  void Renew() { pool_.Renew(); }

  // A connection beside the pool's, within the connect timeout. `interrupt`:
  // see net::Deadline. Throws std::bad_alloc.
  Result<std::unique_ptr<Connection>> ConnectApart(int interrupt) {
    return Connection::Connect(resolver_, login_,
                               net::Deadline(connect_timeout_, interrupt));
  }

  // Sends what `append(connection)` appends, and hands each reply, in order, to
  // `take(reply)`; as many as there were commands. If the connection turns out
  // to have been closed while it was idle, all of it is done once more, and
  // `append` is called again: for requests that may be repeated. Throws
  // std::bad_alloc.
  template <class Append, class Take>
  Status Exchange(const Append& append, const Take& take) {
    const net::Deadline deadline(timeout_);
    bool died_idle = false;
    Status status = ExchangeOnce(append, take, deadline, died_idle);
    if (!died_idle) return status;
    // Those beside it have been closed too, most likely.
    pool_.DropIdle();
    return ExchangeOnce(append, take, deadline, died_idle);
  }

  // The same for a request that may not be repeated.
  template <class Append, class Take>
  Status ExchangeUnrepeated(const Append& append, const Take& take) {
    bool died_idle = false;
    return ExchangeOnce(append, take, net::Deadline(timeout_), died_idle);
  }

 private:
  using Pool = net::Pool<Connection>;

  template <class Append, class Take>
  Status ExchangeOnce(const Append& append, const Take& take,
                      const net::Deadline& deadline, bool& died_idle) {
    Result<Pool::Lease> lease = pool_.Take(deadline);
    if (!lease.ok()) return lease.status();
    Connection& connection = **lease;
    append(connection);
    Status status = connection.Send(deadline);
    while (status.ok() && connection.outstanding() > 0) {
      Reply reply;
      status = connection.Receive(reply, deadline);
      if (status.ok()) take(std::move(reply));
    }
    died_idle = lease->was_idle() && connection.died_unheard();
    return status;
  }

  const std::string server_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds connect_timeout_;
  const Login login_;
  net::Resolver resolver_;
  Pool pool_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_CLIENT_H_
