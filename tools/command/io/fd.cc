#include "tools/command/io/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>

#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

// What the user can do about `error`; empty when the message says it already.
std::string_view AdviceFor(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; check the permissions";
    case ENOSPC:
    case EDQUOT:
      return "; free some space";
    case EROFS:
      return "; choose another place";
    case EMFILE:
      return "; raise the limit with ulimit -n";
    default:
      return "";
  }
}

}  // namespace

void UniqueFd::Close() noexcept {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

std::string ErrnoMessage(int error) {
  std::string message = std::generic_category().message(error);
  message[0] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  return message;
}

Status SystemFailure(std::string_view operation, std::string_view target,
                     int error) {
  std::string message("cannot ");
  message.append(operation).append(" ").append(target).append(": ");
  message.append(ErrnoMessage(error)).append(AdviceFor(error));
  const bool full = error == ENOSPC || error == EDQUOT;
  return Status(full ? ErrorCode::kFull : ErrorCode::kUnavailable,
                std::move(message), error);
}

Status FileFailure(std::string_view operation, std::string_view path,
                   int error) {
  return SystemFailure(operation, Quoted(path), error);
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
      return SystemFailure("read", name, errno);
    }
    if (static_cast<size_t>(size) > max_bytes - bytes.size()) {
      return Status(ErrorCode::kTooLarge,
                    std::string(name) + " is larger than " +
                        std::to_string(max_bytes) +
                        " bytes, the largest value that a cache can store");
    }
    bytes.append(buffer.data(), static_cast<size_t>(size));
  }
}

void OpenStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // open() returns the lowest free number, which is `fd`.
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", mode) < 0) return;
  }
}

}  // namespace appcache::command
