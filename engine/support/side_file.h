// Files beside a database, under names that follow from its own: a lock file,
// or a mark.
//
// Another user may have put something else under such a name. So they are
// opened without following symbolic links and without waiting for a FIFO, and
// only if they belong to somebody who may change the database anyway.

#ifndef APPCACHE_ENGINE_SUPPORT_SIDE_FILE_H_
#define APPCACHE_ENGINE_SUPPORT_SIDE_FILE_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "appcache/export.h"

namespace appcache::internal {

// Whose a file is, and who may use it.
struct APPCACHE_EXPORT FileAccess {
  uid_t user;
  gid_t group;
  mode_t mode;  // the permissions: at most 0777

  // The user of this process, who alone may read and write.
  static FileAccess OfThisProcess() noexcept;

  // Of the file at `path`; OfThisProcess when there is none.
  static FileAccess Of(const std::string& path) noexcept;

  // The same for the owner and those who may write: a lock that others can take
  // would let whoever may read the database keep its writers waiting.
  FileAccess OfWriters() const noexcept;
};

// 0 if `info` is that of a side file of a database that `database` describes: a
// regular file with a single name that belongs to this user, to root, to the
// owner of the database, or to others who may write the database: to anybody if
// all may, and to anybody with a file of its group if the group may. Otherwise
// ELOOP (a symbolic link), EINVAL (not a regular file), EMLINK (it has other
// names), or EPERM (another owner).
APPCACHE_EXPORT int CheckSideFile(const struct stat& info,
                                  const FileAccess& database) noexcept;

// The same for the file at `path`. 0 also when there is none, or it cannot be
// examined.
APPCACHE_EXPORT int CheckSideFileAt(const std::string& path,
                                    const FileAccess& database) noexcept;

// Words for what CheckSideFile returns; null for any other error.
APPCACHE_EXPORT const char* SideFileProblem(int error) noexcept;

// Opens the file with `flags` (O_RDONLY or O_RDWR); if it does not exist and
// `create`, creates it with the owner and the mode of `database`, as far as
// this process may. An existing file of this user loses permissions that
// `database` does not have. Returns a descriptor above 2, close-on-exec; or
// -errno, or the negative of what CheckSideFile returns.
APPCACHE_EXPORT int OpenSideFile(const std::string& path, int flags,
                                 bool create,
                                 const FileAccess& database) noexcept;

// Whether a link in a directory, described by lstat and stat, may be followed:
// not if everybody may put one there and another user has. This is the rule of
// Linux (fs.protected_symlinks), which does not see the links that a program
// resolves itself.
APPCACHE_EXPORT bool MayFollow(const struct stat& link,
                               const struct stat& directory) noexcept;

// False if `path` is a symbolic link that may not be followed. Throws
// std::bad_alloc.
APPCACHE_EXPORT bool MayFollowAt(const std::string& path);

// Gives a file the owner and the permissions of `access`, as far as this
// process may.
APPCACHE_EXPORT void GiveAccess(int fd, const FileAccess& access) noexcept;

// The same for the group and the permissions of the regular file at `path`, if
// it is this user's. Does not follow a link, and keeps the locks that this
// process has on the file, as opening and closing it would not. For files that
// a library creates.
APPCACHE_EXPORT void GiveAccessAt(const std::string& path,
                                  const FileAccess& access) noexcept;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_SIDE_FILE_H_
