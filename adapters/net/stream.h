// Stream: a connection to a server as far as it is the same for all protocols:
// bytes out, bytes in, each before a deadline, and why it failed.

#ifndef APPCACHE_ADAPTERS_NET_STREAM_H_
#define APPCACHE_ADAPTERS_NET_STREAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/socket.h"
#include "engine/error.h"
#include "engine/fork_guard.h"

namespace appcache::net {

// Not thread-safe. After a failure the stream is broken: what it may yet
// receive belongs to nobody, so it must not be used again (a late reply must
// not become another key's value).
class Stream {
 public:
  // `server` is what messages call it: "the Redis server localhost:6379".
  explicit Stream(std::string server) : server_(std::move(server)) {}

  // Tries each address of the endpoint in turn. Each gets its part of the time
  // that is left, so that those that do not answer leave some to those that do.
  // `usual_wait` is how long a Receive mostly has (socket.h). kUnavailable,
  // kTimeout, of the last address.
  Status Connect(Resolver& resolver, std::chrono::milliseconds usual_wait,
                 const Deadline& deadline);

  // All of `request`, which begins an exchange.
  Status Send(std::string_view request, const Deadline& deadline);

  // What comes next, one byte at least. `received` is valid until the next
  // call.
  Status Receive(std::string_view& received, const Deadline& deadline);

  // The same in steps that do not wait, for an exchange that sends and receives
  // at a time: BeginExchange, then as many of the others as it takes. A server
  // that has closed its end takes all: what it said before is yet to be
  // received, and then the end.
  void BeginExchange() noexcept { heard_ = false; }
  Status SendSome(std::string_view& unsent);
  // `received` may be empty.
  Status ReceiveSome(std::string_view& received);
  // The same, waiting until the deadline if nothing is there. `received` is
  // empty, and nothing is broken, if nothing comes.
  Status AwaitSome(std::string_view& received, const Deadline& deadline);
  // For WaitForAny (socket.h).
  int descriptor() const noexcept { return socket_.descriptor(); }
  // The deadline has come: breaks the stream. The failure to report.
  Status TimeOut() { return Failed(SocketResult::kTimedOut); }

  // What has come is no reply: nothing behind it can be read.
  void Break() noexcept { broken_ = true; }

  // Nothing failed, and it is this process's own, not a parent's.
  bool is_usable() const noexcept {
    return !broken_ && !fork_guard_.in_child();
  }

  // Whether it broke without a sign of life since the last Send: as one does
  // that the server had closed while it was idle.
  bool died_unheard() const noexcept { return died_unheard_; }

  // What messages call the server.
  const std::string& server() const noexcept { return server_; }

 private:
  Status Failed(SocketResult result);

  const ForkGuard fork_guard_;
  const std::string server_;
  Socket socket_;
  std::array<char, size_t{16} << 10> buffer_;
  bool broken_ = false;
  bool heard_ = false;  // since the last Send
  bool died_unheard_ = false;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_STREAM_H_
