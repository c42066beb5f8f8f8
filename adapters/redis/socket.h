// Socket: a stream to a server, every wait of which has a deadline.
//
// Not hiredis's own: that one writes without MSG_NOSIGNAL, so that a server
// that goes away would end the program with SIGPIPE, and its timeouts hold for
// each system call, not for the whole of a reply.

#ifndef APPCACHE_ADAPTERS_REDIS_SOCKET_H_
#define APPCACHE_ADAPTERS_REDIS_SOCKET_H_

#include <cstddef>
#include <string_view>
#include <utility>

#include "adapters/redis/address.h"
#include "adapters/redis/deadline.h"

namespace appcache::redis {

// Why a socket failed. kTimedOut: the deadline came first. kClosed: the other
// side is gone (end of stream, reset, broken pipe).
enum class SocketResult { kDone, kTimedOut, kClosed, kFailed };

// Not thread-safe. Signals never end a wait early, and none is ever raised.
class Socket {
 public:
  Socket() noexcept = default;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { Close(); }

  SocketResult Connect(const Address& address,
                       const Deadline& deadline) noexcept;

  bool is_open() const noexcept { return fd_ >= 0; }
  void Close() noexcept;

  // All of `bytes`.
  SocketResult Send(std::string_view bytes, const Deadline& deadline) noexcept;

  // At least one byte, at most `size`; `received` says how many.
  SocketResult Receive(char* buffer, size_t size, const Deadline& deadline,
                       size_t& received) noexcept;

  // The errno of the last failure.
  int error() const noexcept { return error_; }

 private:
  SocketResult WaitFor(short events, const Deadline& deadline) noexcept;
  SocketResult Fail(int error) noexcept;

  int fd_ = -1;
  int error_ = 0;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_SOCKET_H_
