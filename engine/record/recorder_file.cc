#include "engine/record/recorder_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "engine/support/file_size_signal.h"
#include "engine/support/high_fd.h"

namespace appcache::internal {
namespace {

constexpr off_t kProgramByte = 0;
constexpr off_t kCommandByte = 1;

Status RecorderFileFailure(std::string_view operation, const std::string& path,
                           int error) {
  std::string message("cannot ");
  message.append(operation).append(" the recorder file ").append(path);
  message.append(": ").append(std::generic_category().message(error));
  const bool is_full = error == ENOSPC || error == EDQUOT || error == ENOMEM;
  return Status(is_full ? ErrorCode::kFull : ErrorCode::kUnavailable,
                std::move(message), error);
}

Status NotARecorder(const std::string& path) {
  return Status(ErrorCode::kUnsupported,
                path +
                    " is not a recorder file of this user; it is left as it "
                    "is");
}

Status OtherVersion(const std::string& path) {
  return Status(ErrorCode::kUnsupported,
                "the recorder file " + path +
                    " is of another version of appcache; use the command of "
                    "the version that its program has");
}

class OpenFile {
 public:
  explicit OpenFile(int fd) noexcept : fd_(fd) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const noexcept { return fd_; }

 private:
  const int fd_;
};

// Owns a descriptor, and the name of a file until it is renamed.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : name_(path + ".XXXXXX") {
    fd_ = MoveAboveStandard(mkostemp(name_.data(), O_CLOEXEC));
  }
  ~NewFile() {
    if (fd_ < 0) return;
    unlink(name_.c_str());
    close(fd_);
  }
  int fd() const noexcept { return fd_; }
  const char* name() const noexcept { return name_.c_str(); }
  // The file has another name, or one more.
  int Release() noexcept {
    unlink(name_.c_str());
    return std::exchange(fd_, -1);
  }

 private:
  std::string name_;
  int fd_;
};

flock LockOf(off_t byte, short type) noexcept {
  flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

// 0; EAGAIN when another process has the lock; or another errno.
int TryLock(int fd, off_t byte) noexcept {
  flock lock = LockOf(byte, F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;
}

enum class FileKind { kRecorder, kOtherVersion, kSomethingElse };

// Whether the file is one of `user` that a RecorderFile has made: links to
// files of others are not followed, and nothing else is overwritten.
FileKind KindOf(int fd, uid_t user) noexcept {
  std::array<char, kRecorderMagic.size()> magic;
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != user ||
      pread(fd, magic.data(), magic.size(), 0) !=
          static_cast<ssize_t>(magic.size())) {
    return FileKind::kSomethingElse;
  }
  if (magic == kRecorderMagic) {
    return info.st_size == static_cast<off_t>(sizeof(RecorderLayout))
               ? FileKind::kRecorder
               : FileKind::kSomethingElse;
  }
  // Every version has a header of a page, and its number in a line.
  const bool has_name =
      std::equal(magic.begin(), magic.begin() + kRecorderNameBytes,
                 kRecorderMagic.begin());
  const bool has_version = has_name && magic[kRecorderNameBytes] >= '1' &&
                           magic[kRecorderNameBytes] <= '9' &&
                           magic[kRecorderNameBytes + 1] == '\n' &&
                           magic.back() == '\0';
  return has_version && info.st_size >= off_t{sizeof(RecorderHeader)}
             ? FileKind::kOtherVersion
             : FileKind::kSomethingElse;
}

int OpenExisting(const std::string& path) noexcept {
  return MoveAboveStandard(open(
      path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool IsAt(int fd, const std::string& path) noexcept {
  struct stat opened;
  struct stat found;
  return fstat(fd, &opened) == 0 && lstat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

// Renames `file` to `path` in place of a recorder file without a program. False
// when what is at `path` has changed in the meantime.
Result<bool> Replace(const std::string& path, const NewFile& file) {
  const OpenFile old(OpenExisting(path));
  if (old.fd() < 0) {
    if (errno == ENOENT) return false;
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO) {
      return NotARecorder(path);
    }
    return RecorderFileFailure("open", path, errno);
  }
  if (KindOf(old.fd(), geteuid()) == FileKind::kSomethingElse) {
    return NotARecorder(path);
  }
  const int error = TryLock(old.fd(), kProgramByte);
  if (error == EAGAIN) {
    return Status(ErrorCode::kBusy,
                  path +
                      " is the recorder file of another program that "
                      "runs; use another path");
  }
  if (error != 0) return RecorderFileFailure("lock", path, error);
  // Whoever replaces the file has this lock.
  if (!IsAt(old.fd(), path)) return false;
  if (rename(file.name(), path.c_str()) == 0) return true;
  return RecorderFileFailure("replace", path, errno);
}

Status Publish(const std::string& path, const NewFile& file) {
  constexpr int kMaxAttempts = 100;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (link(file.name(), path.c_str()) == 0) return Status();
    if (errno != EEXIST) return RecorderFileFailure("create", path, errno);
    const Result<bool> replaced = Replace(path, file);
    if (!replaced.ok()) return replaced.status();
    if (*replaced) return Status();
  }
  return Status(ErrorCode::kBusy, path + " is replaced all the time by others");
}

}  // namespace

Result<RecorderFile> RecorderFile::Create(const std::string& path) {
  const FileSizeSignalBlock block;
  NewFile made(path);
  if (made.fd() < 0) return RecorderFileFailure("create", path, errno);
  // Allocates the disk space: a full disk must not kill the program when it
  // writes to the mapping.
  const int error = posix_fallocate(made.fd(), 0, sizeof(RecorderLayout));
  if (error != 0) return RecorderFileFailure("create", path, error);
  const int lock_error = TryLock(made.fd(), kProgramByte);
  if (lock_error != 0) return RecorderFileFailure("lock", path, lock_error);
  RecorderFile mapped(-1);
  Status status = mapped.Map(made.fd(), path);
  if (status.ok()) {
    InitialiseRecorder(mapped.layout());
    mapped.layout().header.program = static_cast<uint64_t>(getpid());
    status = Publish(path, made);
  }
  if (!status.ok()) return status;
  mapped.fd_ = made.Release();
  return mapped;
}

Result<RecorderFile> RecorderFile::Attach(const std::string& path, Use use) {
  const int fd = OpenExisting(path);
  if (fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO)) {
    return NotARecorder(path);
  }
  if (fd < 0 && errno == ENOENT) {
    return Status(ErrorCode::kUnavailable,
                  "there is no recorder file " + path +
                      "; the program makes it with AccessRecorder::Create",
                  ENOENT);
  }
  if (fd < 0) return RecorderFileFailure("open", path, errno);
  RecorderFile attached(fd);
  // Root may look into the programs of others, as it may read their memories.
  struct stat info;
  const bool is_known = fstat(fd, &info) == 0;
  const uid_t user = is_known && geteuid() == 0 ? info.st_uid : geteuid();
  const FileKind kind = KindOf(fd, user);
  if (kind == FileKind::kSomethingElse) return NotARecorder(path);
  if (kind == FileKind::kOtherVersion) return OtherVersion(path);
  const int error = use == Use::kRecord ? TryLock(fd, kCommandByte) : 0;
  if (error == EAGAIN) {
    return Status(ErrorCode::kBusy,
                  "another command records from " + path + " already");
  }
  if (error != 0) return RecorderFileFailure("lock", path, error);
  if (Status status = attached.Map(fd, path); !status.ok()) return status;
  return attached;
}

Status RecorderFile::Map(int fd, const std::string& path) {
  void* const memory = mmap(nullptr, sizeof(RecorderLayout),
                            PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return RecorderFileFailure("map", path, errno);
  layout_ = static_cast<RecorderLayout*>(memory);
  return Status();
}

RecorderFile::~RecorderFile() {
  if (layout_ != nullptr) munmap(layout_, sizeof(RecorderLayout));
  if (fd_ >= 0) close(fd_);
}

bool RecorderFile::HasProgram() const noexcept {
  flock lock = LockOf(kProgramByte, F_WRLCK);
  // When it cannot be found out, the command goes on.
  return fcntl(fd_, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace appcache::internal
