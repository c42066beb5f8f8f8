// RunLock: the lock that makes one process at a time run a command, while
// others that need the same run wait.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_LOCK_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_LOCK_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "tools/command/io/fd.h"

namespace appcache::command {

// Many runs share one lock file. Each locks one byte of it, at an offset that
// is a hash of the run's key. Two runs with the same hash wait for each other.
// The file may be shorter than the offset.
//
// The last holder removes the file; one that is killed leaves it to the next.
// Therefore a lock counts only while the path still names the locked file.
//
// The lock is an open-file-description lock: the kernel releases it when the
// process exits or is killed, and the command does not inherit it.
class RunLock {
 public:
  // Locks the run. When another process holds the lock, calls `on_wait` and
  // waits for at most `max_wait`; returns no lock when that has passed. The
  // wait uses SIGALRM, whose handler it replaces. A release of another run
  // locks the whole file for a moment; waits for that without `on_wait`, even
  // if `max_wait` is 0, but not longer than two seconds. A new file gets
  // `mode`, masked by the umask. Does not follow a symbolic link, and fails for
  // what is not a regular file.
  static Result<std::optional<RunLock>> Acquire(
      const std::string& path, std::string_view run_key, mode_t mode,
      std::chrono::milliseconds max_wait, const std::function<void()>& on_wait);

  RunLock(RunLock&& other) noexcept = default;
  RunLock& operator=(RunLock&&) = delete;
  // Removes the file when no other run is locked.
  ~RunLock();

 private:
  RunLock(UniqueFd fd, std::string path, off_t offset)
      : fd_(std::move(fd)), path_(std::move(path)), offset_(offset) {}

  UniqueFd fd_;
  std::string path_;
  off_t offset_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_LOCK_H_
