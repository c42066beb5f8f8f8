// FileLock: a lock between processes, on a file of its own.
//
// An open-file-description lock (fcntl F_OFD_SETLK): the kernel drops it when
// the process ends, however it ends, and, unlike a POSIX record lock, closing
// another descriptor of the same file does not. A forked child closes its copy
// at once, so that a lock never outlives its holder.

#ifndef APPCACHE_ENGINE_LANE_FILE_LOCK_H_
#define APPCACHE_ENGINE_LANE_FILE_LOCK_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "engine/error.h"

namespace appcache {

// Not thread-safe.
class FileLock {
 public:
  FileLock() noexcept = default;
  FileLock(FileLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~FileLock();

  // Opens the file, and makes it, with `mode` less the umask, if it is not
  // there. kUnavailable when it cannot.
  static Result<FileLock> Open(const std::string& path, mode_t mode = 0666);

  // Whether the file at `path` was signed by Sign. False if there is none.
  static bool IsSigned(const std::string& path) noexcept;

  // Writes a line into the empty file by which IsSigned knows it. kUnsupported
  // when the file holds anything: it is somebody's.
  Status Sign();

  // Which file it is, whatever it is called by now: no other has the same while
  // this one is open. kUnavailable.
  Result<std::string> Identity() const;

  // True when the lock was free and is now held; false when another has it.
  Result<bool> TryLock();
  void Unlock() noexcept;

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LANE_FILE_LOCK_H_
