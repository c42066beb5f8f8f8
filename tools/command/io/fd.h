// File descriptors: ownership, complete writes, bounded reads, and the error
// messages of system calls.

#ifndef APPCACHE_TOOLS_COMMAND_IO_FD_H_
#define APPCACHE_TOOLS_COMMAND_IO_FD_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/error.h"

namespace appcache::command {

// Owns a descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Close(); }

  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  void Close() noexcept;

 private:
  int fd_ = -1;
};

// The message for an errno, starting in lower case: "permission denied".
std::string ErrnoMessage(int error);

// "cannot write to standard output: no space left on device; free some space":
// kFull when the disk or a quota is full, otherwise kUnavailable. The native
// code is `error`.
Status SystemFailure(std::string_view operation, std::string_view target,
                     int error);

// The same for a path, which is quoted and escaped: `cannot open "app.dump": no
// such file or directory`.
Status FileFailure(std::string_view operation, std::string_view path,
                   int error);

// Writes all of `bytes`, also to a non-blocking descriptor. Returns 0 or errno.
int WriteAll(int fd, std::string_view bytes);

// Reads to the end of the input. kTooLarge when there are more than
// `max_bytes`. Messages call the input `name`.
Result<std::string> ReadAll(int fd, size_t max_bytes, std::string_view name);

// Opens /dev/null for each standard descriptor that is closed. Otherwise the
// first file that the cache opens would become standard output. Reading from
// it, or writing to it, fails as with a closed descriptor: lost output is an
// error.
void OpenStandardDescriptors();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_FD_H_
