#include "engine/lane/file_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::internal {
namespace {

// Behind the page of the signature.
constexpr off_t kReserveAt = off_t{64} << 10;

constexpr std::string_view kSignature = "appcache writer lane\n";
constexpr off_t kNoteAt = kSignature.size();

// The descriptors that a forked child closes. The mutex is held during a fork,
// so that the child never sees a half-changed list.
struct OpenLocks {
  Mutex mutex;
  std::vector<int> fds APPCACHE_GUARDED_BY(mutex);
};

OpenLocks& Locks() {
  static OpenLocks& locks = *[] {
    auto* const made = new OpenLocks;
    pthread_atfork(
        []() APPCACHE_ACQUIRE(Locks().mutex) { Locks().mutex.lock(); },
        []() APPCACHE_RELEASE(Locks().mutex) { Locks().mutex.unlock(); },
        []() APPCACHE_RELEASE(Locks().mutex) {
          for (const int fd : Locks().fds) close(fd);
          Locks().fds.clear();
          Locks().mutex.unlock();
        });
    return made;
  }();
  return locks;
}

// Closes `fd`, unless this is a child that closed it when it was forked.
void CloseTracked(int fd) noexcept {
  OpenLocks& locks = Locks();
  MutexLock guard(locks.mutex);
  const auto found = std::find(locks.fds.begin(), locks.fds.end(), fd);
  if (found == locks.fds.end()) return;
  locks.fds.erase(found);
  close(fd);
}

Status LockFileFailure(std::string_view operation, const std::string& path,
                       int error) {
  std::string message("cannot ");
  message.append(operation).append(" the lock file ").append(path);
  message.append(": ").append(std::generic_category().message(error));
  message.append("; the directory of a cache must exist and be writable");
  return Status(ErrorCode::kUnavailable, std::move(message), error);
}

Status OpenFailure(const std::string& path, int error) {
  const char* const problem = SideFileProblem(error);
  if (problem == nullptr) return LockFileFailure("open", path, error);
  return Status(ErrorCode::kUnsupported,
                "cannot use the lock file " + path + ": " + problem +
                    "; it was left unchanged: remove it, or put the cache "
                    "elsewhere",
                error);
}

bool HasSignature(int fd) noexcept {
  char text[kSignature.size()];
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  return size == static_cast<ssize_t>(kSignature.size()) &&
         std::string_view(text, sizeof(text)) == kSignature;
}

// Sets (F_WRLCK) or releases (F_UNLCK) the lock on the whole file. Returns 0 or
// errno.
int SetLock(int fd, short type) noexcept {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  for (;;) {
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace

FileLock::~FileLock() {
  if (fd_ >= 0) CloseTracked(fd_);
}

Result<FileLock> FileLock::Open(const std::string& path,
                                const FileAccess& access) {
  FileLock lock;
  lock.path_ = path;
  OpenLocks& locks = Locks();
  MutexLock guard(locks.mutex);
  // So that push_back does not throw, which would leak the descriptor.
  locks.fds.reserve(locks.fds.size() + 1);
  const int fd = OpenSideFile(path, O_RDWR, /*create=*/true, access);
  if (fd < 0) return OpenFailure(path, -fd);
  locks.fds.push_back(fd);
  lock.fd_ = fd;
  return lock;
}

bool FileLock::IsSigned(const std::string& path,
                        const FileAccess& access) noexcept {
  const int fd = OpenSideFile(path, O_RDONLY, /*create=*/false, access);
  if (fd < 0) return false;
  const bool has_signature = HasSignature(fd);
  // Does not release a lock that another descriptor holds (file_lock.h).
  close(fd);
  return has_signature;
}

bool FileLock::IsSigned() const noexcept { return HasSignature(fd_); }

std::string FileLock::ReadNote(const std::string& path,
                               const FileAccess& access) {
  std::string note(kMaxNoteBytes, '\0');
  const int fd = OpenSideFile(path, O_RDONLY, /*create=*/false, access);
  if (fd < 0) return "";
  const ssize_t size =
      HasSignature(fd) ? pread(fd, note.data(), note.size(), kNoteAt) : 0;
  close(fd);
  note.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return note;
}

void FileLock::SetNote(const std::string& note) noexcept {
  assert(fd_ >= 0 && note.size() <= kMaxNoteBytes);
  if (!IsSigned()) return;
  char old[kMaxNoteBytes];
  const ssize_t size = pread(fd_, old, note.size(), kNoteAt);
  if (size == static_cast<ssize_t>(note.size()) &&
      note == std::string_view(old, note.size())) {
    return;
  }
  // A part of a note is like none.
  (void)!pwrite(fd_, note.data(), note.size(), kNoteAt);
}

Status FileLock::Sign() {
  assert(fd_ >= 0);
  struct stat info;
  if (fstat(fd_, &info) == 0 && info.st_size != 0) {
    if (IsSigned()) return Status();  // by another process
    return Status(ErrorCode::kUnsupported,
                  path_ +
                      " is not a lock file of appcache and was left unchanged; "
                      "move it, or put the cache elsewhere");
  }
  const ssize_t size = pwrite(fd_, kSignature.data(), kSignature.size(), 0);
  if (size == static_cast<ssize_t>(kSignature.size())) return Status();
  const int error = size < 0 ? errno : ENOSPC;
  // A part of the signature would be taken for the contents of another file. If
  // this fails too, the user has to remove the file.
  if (size > 0 && ftruncate(fd_, 0) != 0)
    return LockFileFailure("write", path_, errno);
  return LockFileFailure("write", path_, error);
}

bool FileLock::KeepReserve() noexcept {
  int rc = 0;
  do {
    rc = fallocate(fd_, FALLOC_FL_KEEP_SIZE, kReserveAt, kReserveBytes);
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}

bool FileLock::FreeReserve() noexcept {
  // ext4 punches no hole behind the end of a file.
  struct stat before;
  struct stat after;
  return fstat(fd_, &before) == 0 && ftruncate(fd_, before.st_size) == 0 &&
         fstat(fd_, &after) == 0 && after.st_blocks < before.st_blocks;
}

Result<std::string> FileLock::Identity() const {
  assert(fd_ >= 0);
  struct stat info;
  if (fstat(fd_, &info) != 0) return LockFileFailure("examine", path_, errno);
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

Result<bool> FileLock::TryLock() {
  assert(fd_ >= 0);
  const int error = SetLock(fd_, F_WRLCK);
  if (error == 0) return true;
  if (error == EAGAIN || error == EACCES) return false;
  return LockFileFailure("lock", path_, error);
}

void FileLock::Unlock() noexcept { SetLock(fd_, F_UNLCK); }

}  // namespace appcache::internal
