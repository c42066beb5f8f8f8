// Connection: a connection to a Redis server, logged in. Sends commands and
// receives their replies in order.

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
#include "appcache/error.h"

namespace appcache::redis {

// How to set up a connection.
struct Login {
  std::string user;      // empty: the default user
  std::string password;  // empty: none is sent
  uint32_t database = 0;
  // The time limit of most calls (net::Socket::Connect).
  std::chrono::milliseconds usual_timeout{0};
  ReplyLimits reply_limits = {};
};

// Not thread-safe. A failure breaks the connection, as it breaks a net::Stream.
class Connection {
 public:
  // Tries each address in turn, and logs in. kUnavailable, kTimeout, or the
  // server's error (server_error.h). Throws std::bad_alloc.
  static Result<std::unique_ptr<Connection>> Connect(
      net::Resolver& resolver, const Login& login,
      const net::Deadline& deadline);

  // Appends a command to the request. Throws std::bad_alloc.
  void Append(std::initializer_list<std::string_view> arguments);
  // The same in parts: BeginCommand, then AppendArgument `count` times.
  void BeginCommand(size_t count);
  void AppendArgument(std::string_view argument);

  // Sends the request.
  Status Send(const net::Deadline& deadline);

  // Receives the reply to the earliest command that has none yet. An error
  // reply is a success here. kTooLarge: see ReplyLimits. REQUIRES:
  // outstanding() > 0.
  Status Receive(Reply& reply, const net::Deadline& deadline);

  // For a connection with a subscription, on which messages arrive unasked:
  // waits until the deadline for bytes of the next reply or message, and sets
  // `reply` when that is whole; call it again otherwise. Does not change
  // outstanding().
  enum class Awaited { kNothing, kPart, kReply };
  Status Await(Reply& reply, Awaited& awaited, const net::Deadline& deadline);

  // The number of commands whose replies have not been received.
  size_t outstanding() const noexcept { return outstanding_; }

  // True when nothing failed, no reply is outstanding, and the connection was
  // made by this process.
  bool is_reusable() const noexcept;
  // These: see net::Stream.
  bool is_usable() const noexcept { return stream_.is_usable(); }
  bool IsQuiet() noexcept { return stream_.IsQuiet(); }

  // The server's name in messages.
  const std::string& server() const noexcept { return stream_.server(); }
  // For a forked child that closes its copy.
  int descriptor() const noexcept { return stream_.descriptor(); }

  // The time before its server's name was looked up, and the time after the
  // login.
  net::Deadline::Clock::time_point made_at() const noexcept { return made_at_; }
  net::Deadline::Clock::time_point ready_at() const noexcept {
    return ready_at_;
  }

  // Closes the connection once it is returned to its pool.
  void Break() noexcept { stream_.Break(); }

 private:
  Connection(std::string server, const ReplyLimits& limits)
      : stream_(std::move(server)), reader_(limits) {}
  Status LogIn(const Login& login, const net::Deadline& deadline);
  // Parses the next whole reply from the received bytes, if there is one.
  Status Parse(Reply& reply, bool& is_complete);
  Status ReaderFailed(ReplyReader::Result result);

  const net::Deadline::Clock::time_point made_at_ = net::Deadline::Clock::now();
  net::Deadline::Clock::time_point ready_at_ = made_at_;
  net::Stream stream_;
  ReplyReader reader_;
  std::string_view received_;  // bytes that reader_ has not taken
  std::string request_;
  size_t outstanding_ = 0;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_CONNECTION_H_
