// Connection: a stream to a Memcached server that sends commands and receives
// their replies, in order.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_
#define APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/memcache/command_buffer.h"
#include "adapters/memcache/reply.h"
#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/stream.h"
#include "appcache/error.h"

namespace appcache::memcache {

// An exchange: fill NewCommands(), call Begin and, while wants_to_send(),
// SendSome; then Receive or ReceiveSome, and NextReply until it returns false,
// until nothing is outstanding. After a failure the connection is broken, and
// is_reusable() is false. Not thread-safe.
class Connection {
 public:
  struct Settings {
    // The usual time limit of a call.
    std::chrono::milliseconds timeout;
    // Larger values are not received.
    uint64_t max_value_bytes;
  };

  // kUnavailable, kTimeout. Throws std::bad_alloc.
  static Result<std::unique_ptr<Connection>> Connect(
      net::Resolver& resolver, const Settings& settings,
      const net::Deadline& deadline);

  // The commands of the next exchange, empty at first. REQUIRES: nothing is
  // outstanding.
  CommandBuffer& NewCommands() noexcept;

  // Begins to send the commands: as much as does not wait.
  Status Begin();
  // Whether some of the commands have yet to be sent.
  bool wants_to_send() const noexcept { return !unsent_.empty(); }
  Status SendSome() { return stream_.SendSome(unsent_); }

  // Receives bytes: waits for them until the deadline, or does not wait.
  // REQUIRES: NextReply has returned false.
  Status Receive(const net::Deadline& deadline);
  Status ReceiveSome();
  // Takes the next reply from the bytes received. False when it is not complete
  // yet, and on failure, which sets `status`. REQUIRES: outstanding() > 0.
  bool NextReply(Reply& reply, Status& status);

  // The number of commands whose replies are not complete.
  size_t outstanding() const noexcept { return outstanding_; }

  // Breaks the connection because a reply does not belong to its command.
  // Returns the error to report.
  Status UnexpectedReply();
  // Breaks the connection because the server may be out of step.
  void Break() noexcept { stream_.Break(); }
  // Breaks the connection at the deadline. Returns the error to report.
  Status TimeOut() { return stream_.TimeOut(); }

  int descriptor() const noexcept { return stream_.descriptor(); }
  const std::string& server() const noexcept { return stream_.server(); }

  // True when nothing failed and nothing is left to send or to receive.
  bool is_reusable() const noexcept;
  // See net::Stream.
  bool IsQuiet() noexcept { return stream_.IsQuiet(); }

 private:
  Connection(std::string server, uint64_t max_value_bytes)
      : stream_(std::move(server)), reader_(max_value_bytes) {}

  net::Stream stream_;
  ReplyReader reader_;
  CommandBuffer commands_;
  std::string_view unsent_;    // the rest of commands_
  std::string_view received_;  // bytes that reader_ has not taken
  size_t outstanding_ = 0;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_
