#include "tools/command/io/output_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "engine/support/side_file.h"

namespace appcache::command {

Result<OutputFile> OutputFile::Open(const std::string& path) {
  OutputFile file;
  file.path_ = path;
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    file.fd_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.fd_.is_open()) return FileFailure("write to", path, errno);
    return file;
  }
  if (exists) {
    // Replaces the target of a symbolic link, not the link.
    if (!internal::MayFollowAt(path)) {
      return FileFailure("write to", path, EACCES);
    }
    std::error_code error;
    const auto target = std::filesystem::canonical(path, error);
    if (!error) file.path_ = target;
  }
  std::string name = file.path_ + ".part-XXXXXX";
  file.fd_ = UniqueFd(mkostemp(name.data(), O_CLOEXEC));
  if (!file.fd_.is_open()) {
    return FileFailure("create a temporary file for", path, errno);
  }
  file.temporary_ = std::move(name);
  return file;
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status OutputFile::Write(std::string_view bytes) {
  const int error = WriteAll(fd_.get(), bytes);
  return error == 0 ? Status() : FileFailure("write to", path_, error);
}

Status OutputFile::Commit() {
  if (temporary_.empty()) return Status();
  if (fsync(fd_.get()) != 0) return FileFailure("write to", path_, errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return FileFailure("replace", path_, errno);
  }
  temporary_.clear();
  return Status();
}

}  // namespace appcache::command
