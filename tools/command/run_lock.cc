#include "tools/command/run_lock.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::command {
namespace {

constexpr mode_t kMode = 0666;  // masked by the umask, as the cache file

off_t OffsetOf(std::string_view run_key) {
  // off_t is signed, and the offset plus the length of 1 must not overflow.
  const uint64_t hash = XXH3_64bits(run_key.data(), run_key.size());
  return static_cast<off_t>(hash >> 2);
}

}  // namespace

std::string RunLock::FileName(std::string_view location) {
  std::array<char, 24> name;
  std::snprintf(name.data(), name.size(), "exec-%016" PRIx64,
                uint64_t{XXH3_64bits(location.data(), location.size())});
  return name.data();
}

Result<RunLock> RunLock::Acquire(const std::string& path,
                                 std::string_view run_key) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!fd.is_open()) return FileFailure("open the lock file", path, errno);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = OffsetOf(run_key);
  lock.l_len = 1;
  while (fcntl(fd.get(), F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) return FileFailure("lock", path, errno);
  }
  return RunLock(std::move(fd));
}

}  // namespace appcache::command
