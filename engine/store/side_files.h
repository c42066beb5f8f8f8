// The files beside a cache file, and what may be there instead.
//
// SQLite follows a symbolic link, or waits for a FIFO, under the name of its
// log. So these names are examined before it opens the database. Somebody who
// may write to the directory can still replace a file afterwards: a cache
// belongs in a directory to which only trusted users may write.

#ifndef APPCACHE_ENGINE_STORE_SIDE_FILES_H_
#define APPCACHE_ENGINE_STORE_SIDE_FILES_H_

#include <string>

#include "appcache/error.h"

namespace appcache::store {

std::string LanePath(const std::string& path);
std::string SuspectPath(const std::string& path);

// Before SQLite opens `path`, an absolute path without symbolic links: whether
// it can be that of a cache file. Creates nothing. kInvalidArgument when it
// ends in a slash or is too long for SQLite; kUnsupported when there is
// something else than a regular file with a single name, or when SQLite would
// use a file beside it that somebody else may have put there.
Status CheckFile(const std::string& path, const std::string& vfs);

// Before the file is written to: kUnsupported when it has other names. SQLite
// would use another log, and writers another lock, for each of them.
Status CheckSingleName(const std::string& path);

// Gives the log of SQLite and its index the group of the database. SQLite gives
// them its permissions, but only root's files its group: with the group of this
// process, its members could write to the log, and other users of the database
// could not.
void ShareLog(const std::string& path) noexcept;

// Before the file is opened to write: whether this user may write to it, to the
// files beside it, and to the directory if one of them is missing. Otherwise
// kUnavailable, with EACCES or EROFS as the native code. Success when there is
// no file at `path`.
Status CheckMayWrite(const std::string& path);

// Whether the lock file beside the cache file is one that appcache has made.
bool HasSignedLane(const std::string& path) noexcept;

// Whether the cache file is marked as suspect.
bool IsSuspect(const std::string& path) noexcept;
// Marks it, if it can.
void MarkSuspect(const std::string& path) noexcept;

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SIDE_FILES_H_
