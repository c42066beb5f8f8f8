// Socket: a stream to a server, every wait of which has a deadline.
//
// Not hiredis's own: that one writes without MSG_NOSIGNAL, so that a server
// that goes away would end the program with SIGPIPE, and its timeouts hold for
// each system call, not for the whole of a reply.

#ifndef APPCACHE_ADAPTERS_NET_SOCKET_H_
#define APPCACHE_ADAPTERS_NET_SOCKET_H_

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"

namespace appcache::net {

// Why a socket failed. kTimedOut: the deadline came first. kClosed: the other
// side is gone (end of stream, reset, broken pipe).
enum class SocketResult { kDone, kTimedOut, kClosed, kFailed };

// Until one of them is ready, as poll() tells it, or the deadline: kDone,
// kTimedOut, or kFailed with errno. Signals do not end it, nor does the
// deadline's interrupt.
SocketResult WaitForAny(std::span<pollfd> waiting,
                        const Deadline& deadline) noexcept;

// Not thread-safe. Signals never end a wait early, and none is ever raised.
class Socket {
 public:
  Socket() noexcept = default;
  Socket(Socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), blocks_from_(other.blocks_from_) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(blocks_from_, other.blocks_from_);
    return *this;
  }
  ~Socket() { Close(); }

  // `usual_wait` is how long a Receive mostly has: one system call instead of
  // two then (of 50 us on a unix socket, some 5 are saved), unless it is so
  // short that a recv could not end in time.
  SocketResult Connect(const Address& address,
                       std::chrono::milliseconds usual_wait,
                       const Deadline& deadline) noexcept;

  bool is_open() const noexcept { return fd_ >= 0; }
  void Close() noexcept;

  // All of `bytes`.
  SocketResult Send(std::string_view bytes, const Deadline& deadline) noexcept;

  // At least one byte, at most `size`; `received` says how many.
  SocketResult Receive(char* buffer, size_t size, const Deadline& deadline,
                       size_t& received) noexcept;

  // As much of `bytes` as goes without waiting; takes what has gone off its
  // front.
  SocketResult SendSome(std::string_view& bytes) noexcept;

  // What is there: `received` may be zero.
  SocketResult ReceiveSome(char* buffer, size_t size,
                           size_t& received) noexcept;

  // Until there is something to receive, or the end of the stream.
  SocketResult AwaitInput(const Deadline& deadline) noexcept {
    return WaitFor(POLLIN, deadline);
  }

  // For WaitForAny.
  int descriptor() const noexcept { return fd_; }

  // The errno of the last failure.
  int error() const noexcept { return error_; }

 private:
  SocketResult FinishConnecting(const Deadline& deadline) noexcept;
  SocketResult BlockFor(std::chrono::milliseconds usual_wait) noexcept;
  SocketResult WaitFor(short events, const Deadline& deadline) noexcept;
  SocketResult Fail(int error) noexcept;

  int fd_ = -1;
  int error_ = 0;
  // With this much left of the deadline a recv may block by itself: for half of
  // the usual wait.
  std::chrono::nanoseconds blocks_from_ = std::chrono::nanoseconds::max();
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_SOCKET_H_
