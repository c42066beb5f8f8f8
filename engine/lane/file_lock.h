// FileLock: a lock between processes, on a file of its own.
//
// It is an open-file-description lock (fcntl F_OFD_SETLK). The kernel releases
// it when the process ends, in whichever way. Closing another descriptor of the
// same file does not release it, unlike a POSIX record lock. A forked child
// closes its copy of the descriptor at once, so that the lock does not outlive
// its holder.

#ifndef APPCACHE_ENGINE_LANE_FILE_LOCK_H_
#define APPCACHE_ENGINE_LANE_FILE_LOCK_H_

#include <cstddef>
#include <string>
#include <utility>

#include "appcache/error.h"
#include "appcache/export.h"
#include "engine/support/side_file.h"

namespace appcache::internal {

// A default-constructed or moved-from FileLock has no file, and may only be
// assigned and destroyed. Not thread-safe.
class APPCACHE_EXPORT FileLock {
 public:
  FileLock() noexcept = default;
  FileLock(FileLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  // Releases the lock and closes the file.
  ~FileLock();

  // Opens the file. If it does not exist, creates it with the owner and the
  // permissions `access`. kUnavailable when that fails. kUnsupported when there
  // is something that somebody else may have put there (see side_file.h): it is
  // neither followed nor changed.
  static Result<FileLock> Open(
      const std::string& path,
      const FileAccess& access = FileAccess::OfThisProcess());

  // Whether the file at `path` exists, is one that Open opens, and contains
  // what Sign writes.
  static bool IsSigned(
      const std::string& path,
      const FileAccess& access = FileAccess::OfThisProcess()) noexcept;

  // The same for this open file. False also when it cannot be read.
  bool IsSigned() const noexcept;

  // Writes a signature to the file, which marks it as a lock file of appcache.
  // Success when another process has signed it. kUnsupported when it has other
  // contents, which are then left unchanged; kUnavailable when writing fails.
  Status Sign();

  // The note is a text behind the signature. ReadNote returns that of the file
  // at `path`, at most kMaxNoteBytes; it is empty if there is none, or the file
  // is not signed. SetNote replaces it, and does nothing if it cannot.
  // REQUIRES: all notes of a file have the same length.
  static constexpr size_t kMaxNoteBytes = 1000;
  static std::string ReadNote(const std::string& path,
                              const FileAccess& access);
  void SetNote(const std::string& note) noexcept;

  // Keeps some disk space for when the disk is full: KeepReserve allocates
  // kReserveBytes to the file, behind its end, and FreeReserve frees them. Both
  // may do nothing, and are then false: on a full disk, or where the file
  // system does not support it.
  static constexpr off_t kReserveBytes = off_t{192} << 10;
  bool KeepReserve() noexcept;
  bool FreeReserve() noexcept;

  // Identifies the file independently of its name: no other file has the same
  // identity while this one is open. kUnavailable when the system call fails.
  Result<std::string> Identity() const;

  // True when the lock was free and is now held; false when another FileLock,
  // here or in another process, holds it. kUnavailable when the file system
  // does not support locks.
  Result<bool> TryLock();

  // Does nothing when the lock is not held.
  void Unlock() noexcept;

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LANE_FILE_LOCK_H_
