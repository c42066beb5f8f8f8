#include "adapters/net/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "adapters/net/socket.h"
#include "engine/support/high_fd.h"

namespace appcache::net {

Interrupt::Interrupt()
    : fd_(internal::MoveAboveStandard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category());
}

Interrupt::~Interrupt() { close(fd_); }

void Interrupt::Raise() noexcept {
  is_raised_.store(true, std::memory_order_release);
  eventfd_write(fd_, 1);
}

bool Interrupt::AwaitRaised(const Deadline& deadline) const noexcept {
  pollfd waiting = {fd_, POLLIN, 0};
  return WaitForAny({&waiting, 1}, deadline) == SocketResult::kDone;
}

}  // namespace appcache::net
