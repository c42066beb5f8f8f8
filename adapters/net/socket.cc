#include "adapters/net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "engine/support/high_fd.h"

namespace appcache::net {
namespace {

timespec ToTimespec(std::chrono::nanoseconds time) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()),
          static_cast<long>((time - seconds).count())};
}

}  // namespace

void Socket::Close() noexcept {
  // On Linux, close() has closed the descriptor also when it fails with EINTR.
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

SocketResult Socket::Fail(int error) noexcept {
  error_ = error;
  return error == EPIPE || error == ECONNRESET ? SocketResult::kClosed
                                               : SocketResult::kFailed;
}

SocketResult WaitForAny(std::span<pollfd> waiting,
                        const Deadline& deadline) noexcept {
  for (;;) {
    const timespec left = ToTimespec(deadline.Left());
    const int ready = ppoll(waiting.data(), waiting.size(), &left, nullptr);
    if (ready > 0) return SocketResult::kDone;
    if (ready == 0) return SocketResult::kTimedOut;
    if (errno != EINTR) return SocketResult::kFailed;
  }
}

SocketResult Socket::WaitFor(short events, const Deadline& deadline) noexcept {
  pollfd waiting[] = {{fd_, events, 0}, {deadline.interrupt(), POLLIN, 0}};
  const size_t count = deadline.interrupt() < 0 ? 1 : 2;
  const SocketResult result = WaitForAny({waiting, count}, deadline);
  if (result == SocketResult::kFailed) return Fail(errno);
  return waiting[1].revents == 0 ? result : SocketResult::kTimedOut;
}

SocketResult Socket::Connect(const Address& address,
                             std::chrono::milliseconds usual_timeout,
                             const Deadline& deadline) noexcept {
  Close();
  fd_ = internal::MoveAboveStandard(
      socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd_ < 0) return Fail(errno);
  if (address.family() != AF_UNIX) {
    // Each request is sent in one piece, so Nagle's algorithm only adds delay.
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (connect(fd_, &address.plain(), address.size) != 0) {
    // After EINTR the connection is still being made. EAGAIN is a failure: it
    // means that the accept queue of a unix socket is full.
    if (errno != EINPROGRESS && errno != EINTR) return Fail(errno);
    const SocketResult finished = FinishConnecting(deadline);
    if (finished != SocketResult::kDone) return finished;
  }
  return SetReceiveTimeout(usual_timeout);
}

SocketResult Socket::FinishConnecting(const Deadline& deadline) noexcept {
  const SocketResult waited = WaitFor(POLLOUT, deadline);
  if (waited != SocketResult::kDone) return waited;
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? SocketResult::kDone : Fail(error);
}

// SO_RCVTIMEO counts in ticks of the kernel's timer wheel: it expires up to an
// eighth and two ticks of 10 ms late (a get with a timeout of 50 ms took 61 ms,
// one of 300 ms took 335). ppoll() is accurate to the microsecond. So recv()
// blocks for half of the timeout, within which most replies arrive, and ppoll()
// waits for the rest.
SocketResult Socket::SetReceiveTimeout(
    std::chrono::milliseconds usual_timeout) noexcept {
  // With a shorter timeout, the error of SO_RCVTIMEO could use up the other
  // half.
  constexpr std::chrono::milliseconds kMinTimeout{60};
  min_blocking_time_ = std::chrono::nanoseconds::max();
  if (usual_timeout >= kMinTimeout) {
    const timespec wait = ToTimespec(usual_timeout / 2);
    const timeval limit = {wait.tv_sec, wait.tv_nsec / 1000};
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
      return Fail(errno);
    }
    min_blocking_time_ = std::chrono::nanoseconds(usual_timeout) * 9 / 10;
  }
  return fcntl(fd_, F_SETFL, 0) == 0 ? SocketResult::kDone : Fail(errno);
}

SocketResult Socket::SendSome(std::string_view& bytes) noexcept {
  assert(is_open());
  while (!bytes.empty()) {
    const ssize_t sent =
        send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      return Fail(errno);
    }
  }
  return SocketResult::kDone;
}

SocketResult Socket::Send(std::string_view bytes,
                          const Deadline& deadline) noexcept {
  // A peer that receives as fast as this sends never makes it wait, so the
  // deadline is also checked between pieces.
  constexpr size_t kPieceBytes = size_t{1} << 20;
  for (;;) {
    std::string_view piece = bytes.substr(0, kPieceBytes);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const SocketResult sent = SendSome(piece);
      if (sent != SocketResult::kDone) return sent;
      if (piece.empty()) break;
      const SocketResult waited = WaitFor(POLLOUT, deadline);
      if (waited != SocketResult::kDone) return waited;
    }
    if (bytes.empty()) return SocketResult::kDone;
    if (deadline.HasExpired()) return SocketResult::kTimedOut;
  }
}

SocketResult Socket::ReceiveSome(char* buffer, size_t size,
                                 size_t& received) noexcept {
  assert(is_open());
  for (;;) {
    const ssize_t got = recv(fd_, buffer, size, MSG_DONTWAIT);
    if (got == 0) return Fail(ECONNRESET);
    if (got > 0 || errno == EAGAIN || errno == EWOULDBLOCK) {
      received = got > 0 ? static_cast<size_t>(got) : 0;
      return SocketResult::kDone;
    }
    if (errno != EINTR) return Fail(errno);
  }
}

bool Socket::IsQuiet() noexcept {
  assert(is_open());
  char byte = 0;
  return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

SocketResult Socket::Receive(char* buffer, size_t size,
                             const Deadline& deadline,
                             size_t& received) noexcept {
  assert(is_open());
  for (;;) {
    // Also when there is something to receive: a peer that sends without end
    // must not hold the call.
    const std::chrono::nanoseconds left = deadline.Left();
    if (left == std::chrono::nanoseconds(0)) return SocketResult::kTimedOut;
    // The reply has hardly ever arrived yet. When nearly the whole timeout
    // remains, as is usual, recv() itself may wait. It cannot be interrupted
    // then.
    const bool may_block =
        deadline.interrupt() < 0 && left >= min_blocking_time_;
    if (!may_block) {
      const SocketResult waited = WaitFor(POLLIN, deadline);
      if (waited != SocketResult::kDone) return waited;
    }
    const ssize_t got = recv(fd_, buffer, size, may_block ? 0 : MSG_DONTWAIT);
    if (got > 0) {
      received = static_cast<size_t>(got);
      return SocketResult::kDone;
    }
    if (got == 0) return Fail(ECONNRESET);
    // Nothing arrived while recv() blocked: ppoll() waits for the rest.
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      return Fail(errno);
    }
  }
}

}  // namespace appcache::net
