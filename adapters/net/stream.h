// Stream: a connection to a server, without its protocol. Sends and receives
// bytes, each operation with a deadline, and reports why it failed.

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
#include "appcache/error.h"
#include "engine/support/fork_guard.h"

namespace appcache::net {

// True for an error of a Stream that means that the server closed the
// connection. It may have been idle for too long, or the server restarts, so a
// request that is idempotent is worth a retry on a new connection.
bool IsDrop(const Status& status) noexcept;

// Not thread-safe. A failure breaks the stream. It must not be used again then:
// a reply that arrives late would become the reply to another request. Errors
// are kTimeout and kUnavailable.
class Stream {
 public:
  // `server` is the server's name in messages: "the Redis server
  // localhost:6379".
  explicit Stream(std::string server) : server_(std::move(server)) {}

  // Tries each address of the endpoint in turn, and divides the remaining time
  // among them, so that addresses that do not answer leave time for the others.
  // `usual_timeout`: see Socket::Connect. Returns the error of the last
  // address. Throws std::bad_alloc.
  Status Connect(Resolver& resolver, std::chrono::milliseconds usual_timeout,
                 const Deadline& deadline);

  // Sends all of `request`.
  Status Send(std::string_view request, const Deadline& deadline);

  // Receives at least one byte. `received` is valid until the next call. Once
  // the deadline has expired it is kTimeout, also when bytes have arrived.
  Status Receive(std::string_view& received, const Deadline& deadline);

  // The same without waiting, for an exchange that sends and receives at the
  // same time.
  // Sends what it can and removes that from `unsent`. When the server has
  // closed the connection, drops the rest without an error: replies that the
  // server sent before are still to be received, and then the end of the
  // stream.
  Status SendSome(std::string_view& unsent);
  // `received` may be empty.
  Status ReceiveSome(std::string_view& received);
  // ReceiveSome that waits until the deadline. When nothing arrives, `received`
  // is empty and the stream stays usable.
  Status AwaitSome(std::string_view& received, const Deadline& deadline);

  // True when nothing has arrived that was not received: no bytes, no end of
  // the stream, no error.
  bool IsQuiet() noexcept { return socket_.IsQuiet(); }

  // For WaitForAny (socket.h).
  int descriptor() const noexcept { return socket_.descriptor(); }

  // Breaks the stream because the deadline has expired. Returns the error to
  // report.
  Status TimeOut() { return Failed(SocketResult::kTimedOut); }

  // Breaks the stream because an invalid reply was received: the rest of the
  // stream cannot be read.
  void Break() noexcept { broken_ = true; }

  // True when nothing failed and the stream was not inherited from a parent
  // process.
  bool is_usable() const noexcept {
    return !broken_ && !fork_guard_.in_child();
  }

  // The server's name in messages.
  const std::string& server() const noexcept { return server_; }

 private:
  Status Failed(SocketResult result);

  const internal::ForkGuard fork_guard_;
  const std::string server_;
  Socket socket_;
  std::array<char, size_t{16} << 10> buffer_;
  bool broken_ = false;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_STREAM_H_
