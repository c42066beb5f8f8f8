// Client: sends a request on a pooled connection and receives its replies.

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
#include "appcache/error.h"

namespace appcache::redis {

// Whether a request is sent again when the server had closed the connection
// while that was idle. kNever is for requests that are not idempotent.
enum class Retry { kNever, kOnce };

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

  // The server's name in messages: "the Redis server localhost:6379".
  const std::string& server() const noexcept { return server_; }

  // Exchanges that start from now on use connections that are made from now on.
  void Renew() { pool_.Renew(); }

  // See Backend::AbandonInChild.
  void AbandonInChild() noexcept { pool_.AbandonInChild(); }

  // Makes a connection that is not the pool's, within the connect timeout.
  // `interrupt`: see net::Deadline. Throws std::bad_alloc.
  Result<std::unique_ptr<Connection>> ConnectOutsidePool(int interrupt) {
    return Connection::Connect(resolver_, login_,
                               net::Deadline(connect_timeout_, interrupt));
  }

  // Sends the commands that `append(connection)` appends, and calls
  // `take(reply)` with the reply to each, in order. With Retry::kOnce, may call
  // `append` a second time, before the first call of `take`. Throws
  // std::bad_alloc.
  template <class Append, class Take>
  Status Exchange(const Append& append, const Take& take,
                  Retry retry = Retry::kOnce) {
    const net::Deadline deadline(timeout_);
    bool closed_while_idle = false;
    Status status = Attempt(append, take, deadline, closed_while_idle);
    if (!closed_while_idle || retry == Retry::kNever) return status;
    // The server has most likely closed the other idle connections too.
    pool_.DropIdle();
    return Attempt(append, take, deadline, closed_while_idle);
  }

  // The same with `check(reply)`, which returns a Status. Returns the first
  // error.
  template <class Append, class Check>
  Status ExchangeChecked(const Append& append, const Check& check,
                         Retry retry = Retry::kOnce) {
    Status first_error;
    Status status = Exchange(
        append,
        [&](Reply reply) {
          Status checked = check(std::move(reply));
          if (first_error.ok()) first_error = std::move(checked);
        },
        retry);
    return status.ok() ? first_error : status;
  }

 private:
  using Pool = net::Pool<Connection>;

  template <class Append, class Take>
  Status Attempt(const Append& append, const Take& take,
                 const net::Deadline& deadline, bool& closed_while_idle) {
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
    closed_while_idle = lease->was_idle() && connection.closed_while_idle();
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
