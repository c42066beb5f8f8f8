// RunLock: held by the one process that runs a command, while others who want
// the same run wait for it.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_
#define APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "tools/command/fd.h"

namespace appcache::command {

// All runs of a cache share one lock file and lock one byte of it each, at an
// offset that is a hash of the run's key: nothing is left to clean up, and two
// runs that collide merely wait for each other. The byte need not exist.
//
// An open-file-description lock: the kernel drops it when the process ends,
// however it ends, and the command that is run does not inherit it.
class RunLock {
 public:
  // The name of a lock file for the cache that is at `place`: a hash of that.
  static std::string FileName(std::string_view place);

  // Waits as long as another process holds it. Signals interrupt the wait by
  // what they do by default.
  static Result<RunLock> Acquire(const std::string& path,
                                 std::string_view run_key);

 private:
  explicit RunLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_LOCK_H_
