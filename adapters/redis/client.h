// Client: sends a request on a pooled connection and receives its replies.

#ifndef APPCACHE_ADAPTERS_REDIS_CLIENT_H_
#define APPCACHE_ADAPTERS_REDIS_CLIENT_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/pool.h"
#include "adapters/net/settings.h"
#include "adapters/net/stream.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "adapters/redis/server_error.h"
#include "appcache/error.h"

namespace appcache::redis {

// Whether a request is sent again when the server closed the connection before
// it had replied. kNever is for requests that are not idempotent.
enum class Retry { kNever, kOnce };

// Thread-safe.
//
// Failover. A name or a proxy may come to stand for another server, while
// connections to the old one stay open: the old primary refuses writes, because
// it is a replica now. So when a server replies that it is the wrong one
// (IsWrongServer), all connections of the pool are replaced, and the request is
// repeated once. A server that stays the wrong one costs no more than one
// replacement per kRenewalInterval.
class Client {
 public:
  static constexpr std::chrono::milliseconds kRenewalInterval{250};

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

  // How often replacing the connections has led to another server, or may have.
  // A connection outside the pool may still be to the old one once this has
  // changed.
  uint64_t failovers() const noexcept {
    return failovers_.load(std::memory_order_acquire);
  }

  // See Backend::AbandonInChild.
  void AbandonInChild() noexcept { pool_.AbandonInChild(); }

  // Makes a connection that is not the pool's, with limits of its own, within
  // the connect timeout. `interrupt`: see net::Deadline. Throws std::bad_alloc.
  Result<std::unique_ptr<Connection>> ConnectOutsidePool(
      int interrupt, const ReplyLimits& limits) {
    Login login = login_;
    login.reply_limits = limits;
    return Connection::Connect(resolver_, login,
                               net::Deadline(connect_timeout_, interrupt));
  }

  // Sends the commands that `append(connection)` appends, and calls
  // `take(reply)` with the reply to each, in order. May do so a second time:
  // `append` must undo what `take` has done. Throws std::bad_alloc.
  template <class Append, class Take>
  Status Exchange(const Append& append, const Take& take,
                  Retry retry = Retry::kOnce) {
    const net::Deadline deadline(timeout_);
    bool was_replaced = false;
    Status status = Attempt(append, take, deadline, &was_replaced);
    const bool was_dropped = retry == Retry::kOnce && net::IsDrop(status);
    if (!was_replaced && !was_dropped) return status;
    bool is_refused = false;
    const auto take_again = [&](Reply reply) {
      is_refused = is_refused || IsRefusal(reply);
      take(std::move(reply));
    };
    status = Attempt(append, take_again, deadline, nullptr);
    // When nothing answers, it is unknown, and the next server may be another.
    if (was_replaced && !is_refused) ConfirmFailover();
    return status;
  }

  // The same with `check(reply)`, which returns a Status. Returns the first
  // error.
  template <class Append, class Check>
  Status ExchangeChecked(const Append& append, const Check& check,
                         Retry retry = Retry::kOnce) {
    Status first_error;
    Status status = Exchange(
        [&](Connection& connection) {
          first_error = Status();
          append(connection);
        },
        [&](Reply reply) {
          Status checked = check(std::move(reply));
          if (first_error.ok()) first_error = std::move(checked);
        },
        retry);
    return status.ok() ? first_error : status;
  }

 private:
  using Pool = net::Pool<Connection>;
  using SteadyTime = net::Deadline::Clock::time_point;

  // With `was_replaced`: when a wrong server refuses the request, replaces the
  // connections, if that may help, sets it and returns.
  template <class Append, class Take>
  Status Attempt(const Append& append, const Take& take,
                 const net::Deadline& deadline, bool* was_replaced) {
    Result<Pool::Lease> lease = pool_.Take(deadline);
    if (!lease.ok()) return lease.status();
    Connection& connection = **lease;
    append(connection);
    Status status = connection.Send(deadline);
    while (status.ok() && connection.outstanding() > 0) {
      Reply reply;
      status = connection.Receive(reply, deadline);
      if (!status.ok()) break;
      if (was_replaced != nullptr && IsRefusal(reply) &&
          ReplaceAll(connection)) {
        *was_replaced = true;
        return status;
      }
      take(std::move(reply));
    }
    // The server has most likely closed the other idle connections too.
    if (lease->was_idle() && net::IsDrop(status)) pool_.DropIdle();
    return status;
  }

  // True for the reply of a wrong server.
  static bool IsRefusal(const Reply& reply) {
    return reply.type == Reply::Type::kError &&
           IsWrongServer(reply.bytes.view());
  }

  // Replaces the connections of the pool, to which `connection` belongs. False:
  // they were replaced recently, so `connection` is to the server that the name
  // stands for now.
  bool ReplaceAll(Connection& connection) {
    const SteadyTime now = net::Deadline::Clock::now();
    const SteadyTime last = last_renewal_.load();
    if (connection.made_at() >= last) {
      if (last != SteadyTime::min() && now - last < kRenewalInterval) {
        return false;
      }
      is_failover_likely_.store(true);
      pool_.Renew();
      // Afterwards: whoever sees this time finds no older connection idle.
      last_renewal_.store(now);
    }
    connection.Break();
    return true;
  }

  // New connections are, or may be, to another server than the old ones.
  void ConfirmFailover() {
    if (is_failover_likely_.exchange(false)) {
      failovers_.fetch_add(1, std::memory_order_acq_rel);
    }
  }

  const std::string server_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds connect_timeout_;
  const Login login_;
  net::Resolver resolver_;
  // When the connections were last replaced because of a wrong server.
  std::atomic<SteadyTime> last_renewal_{SteadyTime::min()};
  // They were, and no new one has been found to reach the right server yet.
  std::atomic<bool> is_failover_likely_{false};
  std::atomic<uint64_t> failovers_{0};
  Pool pool_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_CLIENT_H_
