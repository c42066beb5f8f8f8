// MessageChannel: short messages between two processes, over a socket.

#ifndef APPCACHE_TOOLS_COMMAND_IO_MESSAGE_CHANNEL_H_
#define APPCACHE_TOOLS_COMMAND_IO_MESSAGE_CHANNEL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/support/mutex.h"
#include "tools/command/io/fd.h"

namespace appcache::command {

// One end of a channel. Any thread may send; one thread receives.
class MessageChannel {
 public:
  // A longer text is cut off when it is sent.
  static constexpr size_t kMaxText = size_t{64} << 10;

  struct Message {
    char kind = 0;
    std::string text;
  };

  // The two ends. Returns 0 or errno.
  static int CreatePair(UniqueFd& one, UniqueFd& other);

  explicit MessageChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const noexcept { return socket_.get(); }

  // Waits while the other end does not read. False when it is closed. REQUIRES:
  // SIGPIPE is blocked or ignored.
  bool Send(char kind, std::string_view text = {}) APPCACHE_EXCLUDES(sending_);

  // Waits for the next message. None when the other end is closed.
  std::optional<Message> Receive();

 private:
  bool ReadExactly(char* data, size_t size);

  UniqueFd socket_;
  // Held while a message is written, so that messages do not mix.
  internal::Mutex sending_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_MESSAGE_CHANNEL_H_
