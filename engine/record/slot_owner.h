// The process that owns a slot of the recorder file.

#ifndef APPCACHE_ENGINE_RECORD_SLOT_OWNER_H_
#define APPCACHE_ENGINE_RECORD_SLOT_OWNER_H_

#include <signal.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <limits>

namespace appcache::internal {

// True if the process has exited, and for a number that no process can have,
// as in a damaged file.
inline bool HasExited(uint64_t process) noexcept {
  if (process > std::numeric_limits<pid_t>::max()) return true;
  return kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_SLOT_OWNER_H_
