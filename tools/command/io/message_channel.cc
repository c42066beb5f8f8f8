#include "tools/command/io/message_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tools/command/text/byte_codec.h"

namespace appcache::command {

int MessageChannel::CreatePair(UniqueFd& one, UniqueFd& other) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return errno;
  }
  one = UniqueFd(fds[0]);
  other = UniqueFd(fds[1]);
  return 0;
}

bool MessageChannel::Send(char kind, std::string_view text) {
  ByteWriter message;
  message.Number(kind);
  text = text.substr(0, kMaxText);
  message.Number(static_cast<uint32_t>(text.size()));
  message.Raw(text);
  const internal::MutexLock lock(sending_);
  return WriteAll(socket_.get(), message.view()) == 0;
}

std::optional<MessageChannel::Message> MessageChannel::Receive() {
  char header[1 + sizeof(uint32_t)];
  if (!ReadExactly(header, sizeof(header))) return std::nullopt;
  ByteReader reader(std::string_view(header, sizeof(header)));
  Message message;
  uint32_t size = 0;
  reader.Number(message.kind);
  reader.Number(size);
  if (size > kMaxText) return std::nullopt;
  message.text.resize(size);
  if (!ReadExactly(message.text.data(), size)) return std::nullopt;
  return message;
}

bool MessageChannel::ReadExactly(char* data, size_t size) {
  while (size > 0) {
    const ssize_t got = read(socket_.get(), data, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    data += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace appcache::command
