#include "engine/support/high_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace appcache::internal {

int MoveAboveStandard(int fd) noexcept {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  close(fd);
  errno = error;
  return moved;
}

StandardFdsOccupied::StandardFdsOccupied() noexcept {
  for (int& fd : fds_) {
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd > STDERR_FILENO) {
      close(fd);
      fd = -1;
    }
    if (fd < 0) return;
  }
}

StandardFdsOccupied::~StandardFdsOccupied() {
  for (const int fd : fds_) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace appcache::internal
