// Connection: one stream to a Memcached server; requests and replies in their
// order.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_
#define APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/memcache/reply.h"
#include "adapters/memcache/request.h"
#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/stream.h"
#include "engine/error.h"

namespace appcache::memcache {

// Not thread-safe. After a failure the connection is broken, as its stream.
class Connection {
 public:
  struct Settings {
    std::chrono::milliseconds timeout;  // what a call mostly has
    uint64_t max_value_bytes;           // larger ones are not received
  };

  // kUnavailable, kTimeout.
  static Result<std::unique_ptr<Connection>> Connect(
      net::Resolver& resolver, const Settings& settings,
      const net::Deadline& deadline);

  // What is to be sent: filled by the caller, then begun. Empty at first.
  Request& NewRequest() noexcept {
    request_.Clear();
    return request_;
  }
  // Sends what goes without waiting.
  Status Begin();
  // Whether there is more to send.
  bool wants_to_send() const noexcept { return !unsent_.empty(); }
  Status SendSome() { return stream_.SendSome(unsent_); }

  // What comes, waiting for it or not. Then NextReply until it has none, or
  // nothing is outstanding.
  Status Receive(const net::Deadline& deadline) {
    return stream_.Receive(received_, deadline);
  }
  Status ReceiveSome() { return stream_.ReceiveSome(received_); }
  // False: none yet, or a failure, which is `status`.
  bool NextReply(Reply& reply, Status& status);

  // Commands that have not been answered.
  size_t outstanding() const noexcept { return outstanding_; }

  // A reply that is none to what was asked. The failure to report.
  Status Misfit();
  // The server may be out of step.
  void Break() noexcept { stream_.Break(); }
  Status TimeOut() { return stream_.TimeOut(); }

  int descriptor() const noexcept { return stream_.descriptor(); }
  const std::string& server() const noexcept { return stream_.server(); }

  // Whether it can serve another: nothing failed, nothing is outstanding.
  bool is_reusable() const noexcept;
  // See net::Stream.
  bool died_unheard() const noexcept { return stream_.died_unheard(); }

 private:
  Connection(std::string server, uint64_t max_value_bytes)
      : stream_(std::move(server)), reader_(max_value_bytes) {}

  net::Stream stream_;
  ReplyReader reader_;
  Request request_;
  std::string_view unsent_;    // of request_
  std::string_view received_;  // what the reader has not taken yet
  size_t outstanding_ = 0;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_
