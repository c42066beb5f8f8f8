// Client: sends a request on a pooled connection and receives its replies.

#ifndef APPCACHE_ADAPTERS_REDIS_CLIENT_H_
#define APPCACHE_ADAPTERS_REDIS_CLIENT_H_

#include <algorithm>
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
#include "adapters/redis/result.h"
#include "adapters/redis/server_error.h"
#include "appcache/error.h"

namespace appcache::redis {

// What a request does. It is sent again when the server closed the connection
// before it had replied, except for kWriteOnce.
enum class Kind {
  kRead,       // a replica accepts it too: a read, PUBLISH
  kWrite,      // an idempotent write
  kWriteOnce,  // a write that is not idempotent
};

// Thread-safe.
//
// Failover. A name or a proxy may come to stand for another server, while
// connections to the old one stay open: the old primary refuses writes, because
// it is a replica now. So when a server replies that it is the wrong one
// (IsWrongServer), all connections of the pool are replaced, and the request is
// repeated once. A server that stays the wrong one costs no more than one
// replacement per kRenewalInterval, whatever the number of threads.
class Client {
 public:
  using SteadyTime = net::Deadline::Clock::time_point;

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

  // The time limit of an exchange.
  std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  // Of the connections of the pool.
  const ReplyLimits& reply_limits() const noexcept {
    return login_.reply_limits;
  }

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
  // the connect timeout and the time limit of an exchange. `interrupt`: see
  // net::Deadline. Throws std::bad_alloc.
  Result<std::unique_ptr<Connection>> ConnectOutsidePool(
      int interrupt, const ReplyLimits& limits) {
    Login login = login_;
    login.reply_limits = limits;
    return Connection::Connect(
        resolver_, login,
        net::Deadline(std::min(timeout_, connect_timeout_), interrupt));
  }

  // Sends the commands that `append(connection)` appends, and calls
  // `take(reply)` with the reply to each, in order. May do so a second time:
  // `append` must undo what `take` has done. `take` returns the error of the
  // reply, which fails the exchange and closes the connection if it is out of
  // step (IsOutOfStep), and is ignored otherwise. On success, sets `ready_at`,
  // unless it is null, to when the connection that was used became ready: a
  // later time than that of an earlier exchange may mean another server. Throws
  // std::bad_alloc.
  template <class Append, class Take>
  Status Exchange(const Append& append, const Take& take,
                  Kind kind = Kind::kRead, SteadyTime* ready_at = nullptr) {
    const net::Deadline deadline(timeout_);
    Outcome outcome =
        Attempt(append, take, kind, deadline, /*may_replace=*/true);
    const bool was_replaced = outcome.was_replaced;
    const bool was_dropped =
        kind != Kind::kWriteOnce && net::IsDrop(outcome.status);
    if (was_replaced || was_dropped) {
      outcome = Attempt(append, take, kind, deadline, /*may_replace=*/false);
      // When nothing answers, it is unknown, and the next server may be
      // another.
      if (was_replaced && !outcome.was_refused) ConfirmFailover();
    }
    if (ready_at != nullptr) *ready_at = outcome.ready_at;
    return std::move(outcome.status);
  }

  // The same with `check(reply)`, which returns a Status. Returns the first
  // error.
  template <class Append, class Check>
  Status ExchangeChecked(const Append& append, const Check& check,
                         Kind kind = Kind::kRead,
                         SteadyTime* ready_at = nullptr) {
    Status first_error;
    Status status = Exchange(
        [&](Connection& connection) {
          first_error = Status();
          append(connection);
        },
        [&](Reply reply) {
          Status checked = check(std::move(reply));
          if (first_error.ok()) first_error = checked;
          return checked;
        },
        kind, ready_at);
    return status.ok() ? first_error : status;
  }

 private:
  using Pool = net::Pool<Connection>;

  // The outcome of an attempt.
  struct Outcome {
    Status status = {};
    bool was_refused = false;   // by a wrong server
    bool was_replaced = false;  // so were the connections, because of that
    SteadyTime ready_at = {};   // Connection::ready_at
  };

  // With `may_replace`: when a wrong server refuses the request, replaces the
  // connections, if that may help, and returns.
  template <class Append, class Take>
  Outcome Attempt(const Append& append, const Take& take, Kind kind,
                  const net::Deadline& deadline, bool may_replace) {
    Outcome outcome;
    Status& status = outcome.status;
    Result<Pool::Lease> lease = TakeCurrent(deadline);
    if (!lease.ok()) {
      status = lease.status();
      return outcome;
    }
    Connection& connection = **lease;
    outcome.ready_at = connection.ready_at();
    bool has_error = false;
    append(connection);
    status = connection.Send(deadline);
    while (status.ok() && connection.outstanding() > 0) {
      Reply reply;
      status = connection.Receive(reply, deadline);
      if (!status.ok()) break;
      has_error = has_error || reply.type == Reply::Type::kError;
      outcome.was_refused = outcome.was_refused || IsRefusal(reply);
      if (may_replace && IsRefusal(reply) && ReplaceAll(connection)) {
        outcome.was_replaced = true;
        return outcome;
      }
      const Status taken = take(std::move(reply));
      if (IsOutOfStep(taken)) {
        connection.Break();
        status = taken;
      }
    }
    if (kind != Kind::kRead && status.ok() && !has_error) {
      WriteAccepted(connection);
    }
    // The server has most likely closed the other idle connections too.
    if (lease->was_idle() && net::IsDrop(status)) pool_.DropIdle();
    return outcome;
  }

  // Takes a connection that was made after the last replacement: the thread
  // that replaces them may not have called Renew yet.
  Result<Pool::Lease> TakeCurrent(const net::Deadline& deadline) {
    for (;;) {
      Result<Pool::Lease> lease = pool_.Take(deadline);
      if (!lease.ok() || IsCurrent(**lease)) return lease;
      (*lease)->Break();
    }
  }

  bool IsCurrent(const Connection& connection) const noexcept {
    return connection.made_at() >= last_renewal_.load();
  }

  // True for the reply of a wrong server.
  static bool IsRefusal(const Reply& reply) {
    return reply.type == Reply::Type::kError &&
           IsWrongServer(reply.bytes.view());
  }

  // Replaces the connections of the pool, to which `connection` belongs. False:
  // they were replaced recently, so `connection` is to the present server of
  // the name.
  bool ReplaceAll(Connection& connection) {
    const SteadyTime now = net::Deadline::Clock::now();
    SteadyTime last = last_renewal_.load();
    if (connection.made_at() >= last) {
      if (last != SteadyTime::min() && now - last < kRenewalInterval) {
        return false;
      }
      // Only one of the threads that were refused replaces them.
      if (last_renewal_.compare_exchange_strong(last, now)) {
        is_failover_likely_.store(true);
        pool_.Renew();
      }
    }
    connection.Break();
    return true;
  }

  // A server has accepted a write. If the write that led to the replacement and
  // its retry were both refused, this is the first sign of the new server.
  void WriteAccepted(const Connection& connection) {
    if (is_failover_likely_.load() && IsCurrent(connection)) ConfirmFailover();
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
