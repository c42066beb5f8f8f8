// RunLock: the lock that makes one process at a time run a command, while
// others that need the same run wait.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_
#define APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "tools/command/fd.h"

namespace appcache::command {

// All runs of a cache share one lock file. Each locks one byte of it, at an
// offset that is a hash of the run's key, so that no file is left to clean up.
// Two runs with the same hash wait for each other. The file may be shorter than
// the offset.
//
// The lock is an open-file-description lock: the kernel releases it when the
// process exits or is killed, and the command does not inherit it.
class RunLock {
 public:
  // The name of the lock file for the cache at `location`, which it hashes.
  static std::string FileName(std::string_view location);

  // Waits while another process holds the lock. Signals take their default
  // action during the wait.
  static Result<RunLock> Acquire(const std::string& path,
                                 std::string_view run_key);

 private:
  explicit RunLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_
