// The directory of a cache, and the lock file in it.

#ifndef APPCACHE_ADAPTERS_LMDB_FILES_H_
#define APPCACHE_ADAPTERS_LMDB_FILES_H_

#include <string>

#include "appcache/error.h"
#include "engine/lane/file_lock.h"

namespace appcache::lmdb {

// Creates `directory` if it does not exist, and returns its canonical path. Its
// parent must exist. kUnavailable.
Result<std::string> MakeDirectory(const std::string& directory);

// Opens or creates the lock file of the writer lock in `directory`. Its text
// also marks the other files as appcache's. kUnsupported when there is an LMDB
// database without it, which is another program's and is not changed;
// kUnavailable.
Result<internal::FileLock> OpenLockFile(const std::string& directory);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_FILES_H_
