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
//
// Commands with keys in base64 are sent only after the server has reported a
// version that has such keys, and has answered "mn", on this connection. A
// server that does not know "ms" would read its value as commands, and may take
// the address of one that does at any time. So an exchange with such commands
// asks first, unless an earlier exchange has had both answers, and that takes
// one more round trip. Both questions are sent in one piece.
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

  // Begins to send the commands, or the questions: as much as does not wait.
  Status Begin();
  // Whether some of what was begun has yet to be sent.
  bool wants_to_send() const noexcept { return !unsent_.empty(); }
  Status SendSome() { return stream_.SendSome(unsent_); }

  // Receives bytes: waits for them until the deadline, or does not wait.
  // REQUIRES: NextReply has returned false.
  Status Receive(const net::Deadline& deadline);
  Status ReceiveSome();
  // Takes the next reply to a command from the bytes received. False when it is
  // not complete yet, and on failure, which sets `status`: kUnsupported when
  // the server does not know keys in base64. Begins to send the commands after
  // the answers to the questions. REQUIRES: outstanding() > 0.
  bool NextReply(Reply& reply, Status& status);

  // The number of commands, or of questions, whose replies are not complete.
  // Not zero while the commands wait for the answers.
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

  // Begins to send `bytes`, which consist of `commands` commands.
  Status Send(std::string_view bytes, size_t commands);
  // As NextReply, also for replies to the questions.
  bool TakeReply(Reply& reply, Status& status);
  // Notes what a reply says about keys in base64.
  void Note(const Reply& reply) noexcept;
  bool knows_base64_keys() const noexcept {
    return is_new_enough_ && has_meta_;
  }
  // Handles a reply to a question, and sends the commands after the last one.
  Status HandleAnswer(const Reply& reply);

  net::Stream stream_;
  ReplyReader reader_;
  CommandBuffer commands_;
  std::string_view unsent_;    // the rest of commands_, or of the questions
  std::string_view received_;  // bytes that reader_ has not taken
  size_t outstanding_ = 0;
  bool is_asking_ = false;      // the commands wait for the answers
  bool is_new_enough_ = false;  // by the last version that it has reported
  bool has_meta_ = false;       // it has answered "mn"
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_CONNECTION_H_
