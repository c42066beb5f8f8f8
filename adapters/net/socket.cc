#include "adapters/net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace appcache::net {
namespace {

timespec ToTimespec(std::chrono::nanoseconds time) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()),
          static_cast<long>((time - seconds).count())};
}

}  // namespace

void Socket::Close() noexcept {
  // A close that a signal interrupts has closed, on Linux.
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
                             std::chrono::milliseconds usual_wait,
                             const Deadline& deadline) noexcept {
  Close();
  fd_ = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Fail(errno);
  if (address.family() != AF_UNIX) {
    // Requests are sent whole: there is nothing to wait for.
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (connect(fd_, &address.plain(), address.size) != 0) {
    // EINTR: it goes on all the same. (A unix socket whose queue is full says
    // EAGAIN, and is not in progress.)
    if (errno != EINPROGRESS && errno != EINTR) return Fail(errno);
    const SocketResult finished = FinishConnecting(deadline);
    if (finished != SocketResult::kDone) return finished;
  }
  return BlockFor(usual_wait);
}

SocketResult Socket::FinishConnecting(const Deadline& deadline) noexcept {
  const SocketResult waited = WaitFor(POLLOUT, deadline);
  if (waited != SocketResult::kDone) return waited;
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? SocketResult::kDone : Fail(error);
}

// A recv's own timeout is counted in ticks of the kernel's timers: it ends up
// to an eighth and two ticks of 10 ms late (a get with a timeout of 50 ms took
// 61, one of 300 ms took 335). A poll ends on the microsecond. So a recv blocks
// for half of the time, in which the reply mostly comes, and a poll for the
// rest.
SocketResult Socket::BlockFor(std::chrono::milliseconds usual_wait) noexcept {
  constexpr std::chrono::milliseconds kTooShort{60};
  blocks_from_ = std::chrono::nanoseconds::max();
  const timespec wait = ToTimespec(usual_wait / 2);
  const timeval limit = {wait.tv_sec, wait.tv_nsec / 1000};
  if (usual_wait >= kTooShort) {
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
      return Fail(errno);
    }
    blocks_from_ = std::chrono::nanoseconds(usual_wait) * 9 / 10;
  }
  return fcntl(fd_, F_SETFL, 0) == 0 ? SocketResult::kDone : Fail(errno);
}

SocketResult Socket::SendSome(std::string_view& bytes) noexcept {
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
  for (;;) {
    const SocketResult sent = SendSome(bytes);
    if (sent != SocketResult::kDone || bytes.empty()) return sent;
    const SocketResult waited = WaitFor(POLLOUT, deadline);
    if (waited != SocketResult::kDone) return waited;
  }
}

SocketResult Socket::ReceiveSome(char* buffer, size_t size,
                                 size_t& received) noexcept {
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

SocketResult Socket::Receive(char* buffer, size_t size,
                             const Deadline& deadline,
                             size_t& received) noexcept {
  for (;;) {
    // A reply is hardly ever there yet. What is left of the deadline is mostly
    // the whole wait, but for a few microseconds: the recv itself may wait.
    // Nothing interrupts it then.
    const bool may_block =
        deadline.interrupt() < 0 && deadline.Left() >= blocks_from_;
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
    // Nothing has come while it blocked: the rest is a poll's.
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      return Fail(errno);
    }
  }
}

}  // namespace appcache::net
