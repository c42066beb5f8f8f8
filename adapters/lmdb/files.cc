#include "adapters/lmdb/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

constexpr mode_t kDirectoryMode = 0700;

// LMDB would follow a link, and use whatever file there is.
Status Refused(const std::string& file, int error) {
  return Status(ErrorCode::kUnsupported,
                "cannot open the LMDB cache: " + file +
                    " cannot be used: " + internal::SideFileProblem(error) +
                    "; it was left unchanged: use another directory",
                error);
}

// Also for a reader: LMDB reads safely beside a writer only if it may register
// its reads in lock.mdb.
Status NotWritable(const std::string& file, int error) {
  return Status(ErrorCode::kUnavailable,
                "cannot open the LMDB cache: this user may not write to " +
                    file + " (" + std::generic_category().message(error) +
                    "), as readers must too; change the permissions, or use "
                    "another directory",
                error);
}

}  // namespace

Result<std::string> MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (directory.find('\0') != std::string::npos) {
    error = std::make_error_code(std::errc::invalid_argument);
  } else if (!internal::MayFollowAt(directory)) {
    error = std::make_error_code(std::errc::permission_denied);
  } else if (mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    error = std::error_code(errno, std::generic_category());
  }
  std::string path;
  if (!error) path = std::filesystem::canonical(directory, error).string();
  if (!error && !std::filesystem::is_directory(path, error) && !error) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (!error) return path;
  return Status(ErrorCode::kUnavailable,
                "cannot open the LMDB cache " + directory + ": " +
                    error.message() +
                    "; pass a directory, or a name for a new one in a "
                    "directory that exists and is writable",
                error.value());
}

Result<internal::FileLock> OpenLockFile(const std::string& directory) {
  const std::string path = directory + "/appcache.lane";
  const std::string database = directory + "/data.mdb";
  // Whoever may write to the directory for all is not for that reason somebody
  // whose database is opened.
  auto of_directory = internal::FileAccess::Of(directory);
  of_directory.mode &= ~static_cast<mode_t>(S_IWOTH);
  int error = internal::CheckSideFileAt(database, of_directory);
  if (error != 0) return Refused(database, error);
  const auto access = internal::FileAccess::Of(database).OfWriters();
  const std::string readers = directory + "/lock.mdb";
  error = internal::CheckSideFileAt(readers, access);
  if (error != 0) return Refused(readers, error);
  for (const std::string& file : {database, readers, path}) {
    if (faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0) continue;
    if (errno == EACCES || errno == EROFS) return NotWritable(file, errno);
  }
  std::error_code ignored;
  // The database is checked before the lock file: another process that creates
  // them begins with the lock file.
  if (std::filesystem::exists(database, ignored) &&
      !internal::FileLock::IsSigned(path, access)) {
    return NotOurs(directory);
  }
  Result<internal::FileLock> lock = internal::FileLock::Open(path, access);
  if (!lock.ok()) return lock;
  if (!lock->IsSigned()) {
    Status sign = lock->Sign();
    if (!sign.ok()) return sign;
  }
  return lock;
}

}  // namespace appcache::lmdb
