// File descriptors: owned, written whole, read with a bound.

#ifndef APPCACHE_TOOLS_COMMAND_FD_H_
#define APPCACHE_TOOLS_COMMAND_FD_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "engine/error.h"

namespace appcache::command {

// Closes what it owns.
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

// "cannot OPERATION NAME: why", kUnavailable (kFull when the disk is).
Status FileFailure(std::string_view operation, std::string_view name,
                   int error);

// Writes all of it, also to a descriptor that somebody made non-blocking.
// Returns 0 or errno.
int WriteAll(int fd, std::string_view bytes);

// Reads to the end. More than `max_bytes` is kTooLarge; `name` is what messages
// call the input.
Result<std::string> ReadAll(int fd, size_t max_bytes, std::string_view name);

// Opens /dev/null in place of the standard descriptors that are closed, so that
// no file of the cache becomes what is printed to.
void OpenStandardDescriptors();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_FD_H_
