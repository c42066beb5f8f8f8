#include "engine/store/side_files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>

#include "engine/lane/file_lock.h"
#include "engine/support/side_file.h"

namespace appcache::store {
namespace {

using internal::CheckSideFileAt;
using internal::FileAccess;
using internal::SideFileProblem;

// What SQLite appends to a path. "-journal" is the longest.
constexpr std::string_view kSqliteSuffixes[] = {"-journal", "-wal", "-shm"};

Status Refused(ErrorCode code, const std::string& path,
               const std::string& reason) {
  return Status(code, "cannot open " + path + ": " + reason);
}

Status CheckLength(const std::string& path, const std::string& vfs) {
  const sqlite3_vfs* const found =
      sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  if (found == nullptr) return Status();
  const auto most = static_cast<size_t>(found->mxPathname);
  if (path.size() + kSqliteSuffixes[0].size() <= most) return Status();
  return Refused(ErrorCode::kInvalidArgument, path,
                 "the absolute path has " + std::to_string(path.size()) +
                     " bytes; SQLite allows " +
                     std::to_string(most - kSqliteSuffixes[0].size()));
}

Status CheckRegular(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Status();  // SQLite reports it
  if (S_ISDIR(info.st_mode)) {
    return Refused(ErrorCode::kUnavailable, path,
                   "Is a directory; give the path of a file in it");
  }
  if (!S_ISREG(info.st_mode)) {
    return Refused(ErrorCode::kUnsupported, path,
                   "it is not a regular file, and is left unchanged; use "
                   "another path");
  }
  return Status();
}

}  // namespace

std::string LanePath(const std::string& path) { return path + "-lane"; }
std::string SuspectPath(const std::string& path) { return path + "-suspect"; }

Status CheckFile(const std::string& path, const std::string& vfs) {
  if (path.ends_with('/')) {
    return Refused(ErrorCode::kInvalidArgument, path,
                   "it ends in a slash; give the path of a file");
  }
  Status status = CheckLength(path, vfs);
  if (status.ok()) status = CheckRegular(path);
  if (!status.ok()) return status;
  const FileAccess access = FileAccess::Of(path);
  for (const std::string_view suffix : kSqliteSuffixes) {
    const std::string side = path + std::string(suffix);
    const int error = CheckSideFileAt(side, access);
    if (error == 0) continue;
    return Refused(ErrorCode::kUnsupported, path,
                   "SQLite would use " + side + ", but " +
                       SideFileProblem(error) +
                       "; it was left unchanged: remove it");
  }
  return Status();
}

Status CheckSingleName(const std::string& path) {
  struct stat info;
  // Some file systems in user space report no number of names: 0.
  if (stat(path.c_str(), &info) != 0 || info.st_nlink <= 1) return Status();
  return Refused(ErrorCode::kUnsupported, path,
                 "it has other names (hard links), and a log and a lock for "
                 "each would damage it; remove them, or use a copy");
}

void ShareLog(const std::string& path) noexcept {
  try {
    const FileAccess access = FileAccess::Of(path);
    for (const char* const suffix : {"-wal", "-shm"}) {
      internal::GiveAccessAt(path + suffix, access);
    }
  } catch (const std::bad_alloc&) {
    // The next process that opens the cache does it.
  }
}

Status CheckMayWrite(const std::string& path) {
  const auto refused_error = [](const std::string& file, int permissions) {
    if (faccessat(AT_FDCWD, file.c_str(), permissions, AT_EACCESS) == 0) {
      return 0;
    }
    return errno == EACCES || errno == EROFS ? errno : 0;
  };
  if (access(path.c_str(), F_OK) != 0) return Status();
  std::string file = path;
  int error = refused_error(file, R_OK | W_OK);
  for (const std::string_view suffix : {"-wal", "-shm", "-lane"}) {
    if (error != 0) break;
    file = path + std::string(suffix);
    if (access(file.c_str(), F_OK) != 0) {  // it will be created
      file = path.substr(0, path.rfind('/') + 1);
      error = refused_error(file, W_OK | X_OK);
    } else {
      error = refused_error(file, W_OK);
    }
  }
  if (error == 0) return Status();
  return Status(ErrorCode::kUnavailable,
                "cannot write to " + path + ": this user may not write to " +
                    file + " (" + std::generic_category().message(error) +
                    "); change the permissions, use another file, or open it "
                    "to read only",
                error);
}

bool HasSignedLane(const std::string& path) noexcept {
  try {
    return internal::FileLock::IsSigned(LanePath(path),
                                        FileAccess::Of(path).OfWriters());
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool IsSuspect(const std::string& path) noexcept {
  try {
    struct stat info;
    return lstat(SuspectPath(path).c_str(), &info) == 0 &&
           internal::CheckSideFile(info, FileAccess::Of(path)) == 0;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void MarkSuspect(const std::string& path) noexcept {
  try {
    const int fd = internal::OpenSideFile(SuspectPath(path), O_RDONLY,
                                          /*create=*/true,
                                          FileAccess::Of(path).OfWriters());
    if (fd >= 0) close(fd);
  } catch (const std::bad_alloc&) {
    // Whoever meets the damage next marks the file.
  }
}

}  // namespace appcache::store
