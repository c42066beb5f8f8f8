#include "adapters/lmdb/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace appcache::lmdb {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

}  // namespace

Result<std::string> MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (directory.find('\0') != std::string::npos) {
    error = std::make_error_code(std::errc::invalid_argument);
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
                    "; it must be a directory, or a name for one in a "
                    "directory that is there and writable",
                error.value());
}

Result<FileLock> OpenLock(const std::string& directory) {
  const std::string path = directory + "/appcache.lane";
  std::error_code ignored;
  // In this order: another process may be making them, the lock first.
  if (std::filesystem::exists(directory + "/data.mdb", ignored) &&
      !FileLock::IsSigned(path)) {
    return Status(ErrorCode::kUnsupported,
                  directory +
                      " holds an LMDB database that is not appcache's, and it "
                      "is not touched; use another directory");
  }
  Result<FileLock> lock = FileLock::Open(path, kFileMode);
  if (!lock.ok()) return lock;
  if (!FileLock::IsSigned(path)) {
    Status sign = lock->Sign();
    if (!sign.ok()) return sign;
  }
  return lock;
}

}  // namespace appcache::lmdb
