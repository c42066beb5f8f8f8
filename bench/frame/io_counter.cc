#include "bench/frame/io_counter.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>

#include "bench/frame/counting.h"

// The functions below replace those of the C library for all libraries of the
// program, because the linker prefers the symbols of the program itself. Each
// makes the same system call.

namespace {

struct Counts {
  bool counts = false;
  bool has_sent = false;
  uint64_t bytes_written = 0;
  uint64_t round_trips = 0;
};

thread_local Counts counts;

bool IsSocket(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// After a call that wrote `result` bytes, or failed.
ssize_t Written(int fd, ssize_t result) {
  if (!counts.counts || result < 0) return result;
  const int error = errno;
  if (IsSocket(fd)) {
    counts.has_sent = true;
  } else {
    counts.bytes_written += static_cast<uint64_t>(result);
  }
  errno = error;
  return result;
}

ssize_t Sent(ssize_t result) {
  counts.has_sent |= counts.counts && result > 0;
  return result;
}

ssize_t Received(ssize_t result) {
  if (result > 0 && counts.has_sent) {
    ++counts.round_trips;
    counts.has_sent = false;
  }
  return result;
}

ssize_t Call(long number, auto... arguments) {
  return static_cast<ssize_t>(syscall(number, arguments...));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  return Written(fd, Call(SYS_write, fd, data, size));
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return Written(fd, Call(SYS_writev, fd, parts, count));
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return Written(fd, Call(SYS_pwrite64, fd, data, size, offset));
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return Written(fd, Call(SYS_pwrite64, fd, data, size, offset));
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  return Sent(Call(SYS_sendto, fd, data, size, flags, nullptr, 0));
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return Sent(Call(SYS_sendmsg, fd, message, flags));
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  const ssize_t result =
      Call(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
  return (flags & MSG_PEEK) != 0 ? result : Received(result);
}
ssize_t read(int fd, void* data, size_t size) {
  return Received(Call(SYS_read, fd, data, size));
}

}  // extern "C"

namespace appcache::bench {

void AddIoCounters() {
  AddCounter({"bytes_written",
              [] {
                counts = Counts{};
                counts.counts = true;
              },
              [] {
                counts.counts = false;
                return counts.bytes_written;
              }});
  AddCounter({"round_trips", [] {}, [] { return counts.round_trips; }});
}

}  // namespace appcache::bench
