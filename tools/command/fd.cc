#include "tools/command/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace appcache::command {

void UniqueFd::Close() noexcept {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Status FileFailure(std::string_view operation, std::string_view name,
                   int error) {
  std::string message("cannot ");
  message.append(operation).append(" ").append(name);
  message.append(": ").append(std::generic_category().message(error));
  const bool full = error == ENOSPC || error == EDQUOT;
  return Status(full ? ErrorCode::kFull : ErrorCode::kUnavailable,
                std::move(message), error);
}

int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

Result<std::string> ReadAll(int fd, size_t max_bytes, std::string_view name) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size == 0) return bytes;
    if (size < 0) {
      if (errno == EINTR) continue;
      return FileFailure("read", name, errno);
    }
    if (static_cast<size_t>(size) > max_bytes - bytes.size()) {
      return Status(ErrorCode::kTooLarge, std::string(name) +
                                              " has more than " +
                                              std::to_string(max_bytes) +
                                              " bytes, the most that one entry "
                                              "may hold");
    }
    bytes.append(buffer.data(), static_cast<size_t>(size));
  }
}

void OpenStandardDescriptors() {
  // open() takes the lowest free number: the first one that is missing.
  while (true) {
    const int fd = open("/dev/null", O_RDWR);
    if (fd < 0) return;
    if (fd > STDERR_FILENO) {
      close(fd);
      return;
    }
  }
}

}  // namespace appcache::command
