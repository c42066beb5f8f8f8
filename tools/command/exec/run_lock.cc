#include "tools/command/exec/run_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <thread>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::command {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// A wait that has to end is interrupted this often, because a signal that
// arrives just before the call does not interrupt it.
constexpr milliseconds kInterruptEvery{20};

// A process that releases a run locks the whole file for a moment. Others try
// again this often, and take it for the holder of a run after this time.
constexpr std::chrono::microseconds kRetryEvery{100};
constexpr milliseconds kReleaseTime = std::chrono::seconds(2);

off_t OffsetOf(std::string_view run_key) {
  // off_t is signed, and the offset plus the length of 1 must not overflow.
  const uint64_t hash = XXH3_64bits(run_key.data(), run_key.size());
  return static_cast<off_t>(hash >> 2);
}

// `type` is F_WRLCK or F_UNLCK. A length of 0 means the whole file.
struct flock Range(int16_t type, off_t start, off_t length) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

// While it exists, blocking calls fail with EINTR from `first` on.
class Interrupter {
 public:
  explicit Interrupter(milliseconds first) {
    struct sigaction action = {};
    action.sa_handler = [](int) {};  // without SA_RESTART
    sigaction(SIGALRM, &action, nullptr);
    // Zero would stop the timer.
    Set(std::max(first, milliseconds(1)), kInterruptEvery);
  }
  ~Interrupter() { Set(milliseconds(0), milliseconds(0)); }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;

 private:
  static timeval Time(milliseconds time) {
    return {.tv_sec = static_cast<time_t>(time.count() / 1000),
            .tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000)};
  }
  static void Set(milliseconds first, milliseconds every) {
    const itimerval timer{.it_interval = Time(every), .it_value = Time(first)};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
};

// True if a process holds the lock of the run at `offset`; false if the byte is
// free, or locked with the whole file.
bool IsRunLocked(int fd, off_t offset) {
  struct flock lock = Range(F_WRLCK, offset, 1);
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return true;
  return lock.l_type != F_UNLCK && lock.l_len != 0;
}

// Locks the byte at `offset` unless another process holds the lock of the run.
// Returns 0, EAGAIN or another errno.
int TryLockByte(int fd, off_t offset) {
  const auto deadline = SteadyClock::now() + kReleaseTime;
  for (;;) {
    struct flock lock = Range(F_WRLCK, offset, 1);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
    if (errno != EAGAIN && errno != EACCES) return errno;
    if (IsRunLocked(fd, offset) || SteadyClock::now() >= deadline) {
      return EAGAIN;
    }
    std::this_thread::sleep_for(kRetryEvery);
  }
}

// Locks the byte at `offset`. Returns 0, ETIMEDOUT when `deadline` has passed,
// or another errno.
int LockByte(int fd, off_t offset, SteadyClock::time_point deadline,
             const std::function<void()>& on_wait) {
  const int error = TryLockByte(fd, offset);
  if (error != EAGAIN) return error;
  if (SteadyClock::now() >= deadline) return ETIMEDOUT;
  on_wait();
  const auto left =
      std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
  const Interrupter interrupter(left);
  struct flock lock = Range(F_WRLCK, offset, 1);
  while (SteadyClock::now() < deadline) {
    if (fcntl(fd, F_OFD_SETLKW, &lock) == 0) return 0;
    if (errno != EINTR) return errno;
  }
  return ETIMEDOUT;
}

// True when `path` names the open file.
bool IsStillThere(int fd, const std::string& path) {
  struct stat opened;
  struct stat named;
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// O_NONBLOCK: opening a pipe, which is an error below, must not block.
Result<UniqueFd> OpenLockFile(const std::string& path, mode_t mode) {
  UniqueFd fd(open(path.c_str(),
                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                   mode));
  if (!fd.is_open()) return FileFailure("open the lock file", path, errno);
  struct stat info;
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return FileFailure("open the lock file", path, EINVAL);
  }
  return fd;
}

}  // namespace

Result<std::optional<RunLock>> RunLock::Acquire(
    const std::string& path, std::string_view run_key, mode_t mode,
    milliseconds max_wait, const std::function<void()>& on_wait) {
  const auto deadline = SteadyClock::now() + max_wait;
  const off_t offset = OffsetOf(run_key);
  for (;;) {
    Result<UniqueFd> fd = OpenLockFile(path, mode);
    if (!fd.ok()) return fd.status();
    const int error = LockByte(fd->get(), offset, deadline, on_wait);
    if (error == ETIMEDOUT) break;
    if (error != 0) return FileFailure("lock", path, error);
    // Otherwise the previous holder has removed the file.
    if (IsStillThere(fd->get(), path)) {
      return std::optional<RunLock>(RunLock(*std::move(fd), path, offset));
    }
  }
  return std::optional<RunLock>();
}

RunLock::~RunLock() {
  if (!fd_.is_open()) return;
  // Unlocks the run first. Otherwise two processes that release their runs at
  // the same time would each find the lock of the other, and leave the file.
  struct flock run = Range(F_UNLCK, offset_, 1);
  fcntl(fd_.get(), F_OFD_SETLK, &run);
  // With the whole file locked, no other run is; a process that has the file
  // open finds that it is no longer there once it has locked it. The path may
  // name another file by now.
  struct flock all = Range(F_WRLCK, 0, 0);
  if (fcntl(fd_.get(), F_OFD_SETLK, &all) == 0 &&
      IsStillThere(fd_.get(), path_)) {
    unlink(path_.c_str());
  }
}

}  // namespace appcache::command
