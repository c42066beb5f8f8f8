#include "engine/support/side_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/support/high_fd.h"

namespace appcache::internal {
namespace {

constexpr mode_t kPermissions = 0777;
constexpr mode_t kPrivate = 0600;
constexpr mode_t kGroup = 070;

// For chown: no change.
constexpr auto kSameUser = static_cast<uid_t>(-1);

// Neither follows a link nor waits for the other end of a FIFO.
constexpr int kSafeFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int Open(const std::string& path, int flags) noexcept {
  const int fd =
      MoveAboveStandard(open(path.c_str(), flags | kSafeFlags, kPrivate));
  return fd >= 0 ? fd : -errno;
}

// Takes permissions away that the database does not grant.
void Restrict(int fd, const struct stat& info,
              const FileAccess& database) noexcept {
  const mode_t mode = info.st_mode & kPermissions;
  if (info.st_uid != geteuid() || (mode & ~database.mode) == 0) return;
  (void)fchmod(fd, mode & database.mode);
}

}  // namespace

FileAccess FileAccess::OfThisProcess() noexcept {
  return {geteuid(), getegid(), kPrivate};
}

FileAccess FileAccess::Of(const std::string& path) noexcept {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return OfThisProcess();
  return {info.st_uid, info.st_gid, info.st_mode & kPermissions};
}

FileAccess FileAccess::OfWriters() const noexcept {
  constexpr mode_t kWrite = 0222;
  // The owner may make a read-only file writable again.
  const mode_t write = (mode & kWrite) | S_IWUSR;
  return {user, group, write | write << 1};
}

int CheckSideFile(const struct stat& info,
                  const FileAccess& database) noexcept {
  if (S_ISLNK(info.st_mode)) return ELOOP;
  if (!S_ISREG(info.st_mode)) return EINVAL;
  if (info.st_nlink > 1) return EMLINK;
  const bool is_of_writers =
      (database.mode & S_IWOTH) != 0 ||
      ((database.mode & S_IWGRP) != 0 && info.st_gid == database.group);
  const bool may_be_trusted = info.st_uid == geteuid() || info.st_uid == 0 ||
                              info.st_uid == database.user || is_of_writers;
  return may_be_trusted ? 0 : EPERM;
}

int CheckSideFileAt(const std::string& path,
                    const FileAccess& database) noexcept {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 ? CheckSideFile(info, database) : 0;
}

const char* SideFileProblem(int error) noexcept {
  switch (error) {
    case ELOOP:
      return "it is a symbolic link";
    case EINVAL:
    case ENXIO:  // of a socket, or a FIFO that nobody reads
      return "it is not a regular file";
    case EMLINK:
      return "it has other names (hard links)";
    case EPERM:
      return "it belongs to another user";
    default:
      return nullptr;
  }
}

int OpenSideFile(const std::string& path, int flags, bool create,
                 const FileAccess& database) noexcept {
  // Another process may create or remove the file between the two attempts.
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int fd = Open(path, flags);
    if (fd >= 0) {
      struct stat info;
      const int error =
          fstat(fd, &info) == 0 ? CheckSideFile(info, database) : errno;
      if (error != 0) {
        close(fd);
        return -error;
      }
      Restrict(fd, info, database);
      return fd;
    }
    if (fd != -ENOENT || !create) return fd;
    const int created = Open(path, flags | O_CREAT | O_EXCL);
    if (created >= 0) GiveAccess(created, database);
    if (created != -EEXIST) return created;
  }
  return -EAGAIN;
}

bool MayFollow(const struct stat& link, const struct stat& directory) noexcept {
  constexpr mode_t kShared = S_ISVTX | S_IWOTH;
  return (directory.st_mode & kShared) != kShared || link.st_uid == geteuid() ||
         link.st_uid == directory.st_uid;
}

bool MayFollowAt(const std::string& path) {
  // With a slash at its end, lstat would follow the link.
  const std::string name = path.substr(0, path.find_last_not_of('/') + 1);
  const size_t slash = name.rfind('/');
  const std::string parent =
      slash == std::string::npos ? "." : name.substr(0, slash + 1);
  struct stat link;
  struct stat directory;
  return lstat(name.c_str(), &link) != 0 || !S_ISLNK(link.st_mode) ||
         stat(parent.c_str(), &directory) != 0 || MayFollow(link, directory);
}

void GiveAccess(int fd, const FileAccess& access) noexcept {
  // The owner first: changing it takes some permissions away. Only root may
  // change the user, and an owner only to groups of its own. The permissions of
  // one group are not given to another.
  const bool has_group = fchown(fd, access.user, access.group) == 0 ||
                         fchown(fd, kSameUser, access.group) == 0;
  (void)fchmod(fd, has_group ? access.mode : access.mode & ~kGroup);
}

void GiveAccessAt(const std::string& path, const FileAccess& access) noexcept {
  // Closing a descriptor of this kind releases no locks.
  const int fd =
      MoveAboveStandard(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return;
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
      info.st_uid == geteuid()) {
    const bool has_group =
        info.st_gid == access.group ||
        fchownat(fd, "", kSameUser, access.group, AT_EMPTY_PATH) == 0;
    const mode_t mode = has_group ? access.mode : access.mode & ~kGroup;
    if ((info.st_mode & kPermissions) != mode) {
      // There is no fchmod for such a descriptor.
      char name[32];
      std::snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
      (void)chmod(name, mode);
    }
  }
  close(fd);
}

}  // namespace appcache::internal
