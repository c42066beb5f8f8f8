// Connection: one stream to a Redis server, logged in; requests and replies in
// their order.

#ifndef APPCACHE_ADAPTERS_REDIS_CONNECTION_H_
#define APPCACHE_ADAPTERS_REDIS_CONNECTION_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/redis/address.h"
#include "adapters/redis/deadline.h"
#include "adapters/redis/reply.h"
#include "adapters/redis/socket.h"
#include "engine/error.h"
#include "engine/fork_guard.h"

namespace appcache::redis {

// As whom to connect, and to what of the server.
struct Login {
  std::string user;      // empty: the default user
  std::string password;  // empty: none
  uint32_t database = 0;
  // How long a call mostly may take.
  std::chrono::milliseconds timeout{0};
};

// Not thread-safe. After a failure the connection is broken: what it may yet
// receive belongs to nobody, so it must not be used again (T: a late reply must
// not become another key's value).
class Connection {
 public:
  // Tries each address in turn. kUnavailable, kTimeout, or what the server has
  // against the login.
  static Result<std::unique_ptr<Connection>> Connect(Resolver& resolver,
                                                     const Login& login,
                                                     const Deadline& deadline);

  // Adds a command to the request. Throws std::bad_alloc.
  void Append(std::initializer_list<std::string_view> arguments);
  // The same in parts: a command of `count` arguments, one after the other.
  void BeginCommand(size_t count);
  void AppendArgument(std::string_view argument);

  // Sends what has been appended.
  Status Send(const Deadline& deadline);

  // The reply to the earliest command that has none yet. An error that the
  // server answers is a reply like others.
  Status Receive(Reply& reply, const Deadline& deadline);

  // Commands whose replies have not been received.
  size_t outstanding() const noexcept { return outstanding_; }

  // Whether it can serve another: nothing failed, nothing is outstanding.
  bool is_reusable() const noexcept;

  // Whether it broke without a sign of life since the last Send: as one does
  // that the server had closed while it was idle.
  bool died_unheard() const noexcept { return died_unheard_; }

 private:
  explicit Connection(std::string server) : server_(std::move(server)) {}
  Status ConnectToAny(const std::vector<Address>& addresses,
                      std::chrono::milliseconds timeout,
                      const Deadline& deadline);
  Status LogIn(const Login& login, const Deadline& deadline);
  Status Failed(SocketResult result);

  const ForkGuard fork_guard_;
  const std::string server_;  // what messages call it
  Socket socket_;
  ReplyReader reader_;
  std::string request_;
  std::array<char, size_t{16} << 10> buffer_;
  size_t outstanding_ = 0;
  bool broken_ = false;
  bool heard_ = false;  // since the last Send
  bool died_unheard_ = false;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_CONNECTION_H_
