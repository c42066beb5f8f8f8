// Connection: one stream to a Redis server, logged in; requests and replies in
// their order.

#ifndef APPCACHE_ADAPTERS_REDIS_CONNECTION_H_
#define APPCACHE_ADAPTERS_REDIS_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/stream.h"
#include "adapters/redis/reply.h"
#include "engine/error.h"

namespace appcache::redis {

// As whom to connect, and to what of the server.
struct Login {
  std::string user;      // empty: the default user
  std::string password;  // empty: none
  uint32_t database = 0;
  // How long a call mostly may take.
  std::chrono::milliseconds timeout{0};
};

// Not thread-safe. After a failure the connection is broken, as its stream.
class Connection {
 public:
  // Tries each address in turn. kUnavailable, kTimeout, or what the server has
  // against the login.
  static Result<std::unique_ptr<Connection>> Connect(
      net::Resolver& resolver, const Login& login,
      const net::Deadline& deadline);

  // Adds a command to the request. Throws std::bad_alloc.
  void Append(std::initializer_list<std::string_view> arguments);
  // The same in parts: a command of `count` arguments, one after the other.
  void BeginCommand(size_t count);
  void AppendArgument(std::string_view argument);

  // Sends what has been appended.
  Status Send(const net::Deadline& deadline);

  // The reply to the earliest command that has none yet. An error that the
  // server answers is a reply like others.
  Status Receive(Reply& reply, const net::Deadline& deadline);

  // For a connection that has subscribed, on which the server speaks unasked:
  // what it says next, reply or message. `is_there` is false, and nothing is
  // broken, when nothing came before the deadline, or not yet all of it: to be
  // called again then. Counts nothing.
  Status Await(Reply& reply, bool& is_there, const net::Deadline& deadline);

  // Commands whose replies have not been received.
  size_t outstanding() const noexcept { return outstanding_; }

  // Whether it can serve another: nothing failed, nothing is outstanding.
  bool is_reusable() const noexcept;

  // What messages call the server.
  const std::string& server() const noexcept { return stream_.server(); }
  // For a child that closes what it has inherited.
  int descriptor() const noexcept { return stream_.descriptor(); }

  // See net::Stream.
  bool died_unheard() const noexcept { return stream_.died_unheard(); }

 private:
  explicit Connection(std::string server) : stream_(std::move(server)) {}
  Status LogIn(const Login& login, const net::Deadline& deadline);
  // The next whole reply of what has come, if there is one.
  Status Parse(Reply& reply, bool& is_there);
  Status Feed(std::string_view received);

  net::Stream stream_;
  ReplyReader reader_;
  std::string request_;
  size_t outstanding_ = 0;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_CONNECTION_H_
