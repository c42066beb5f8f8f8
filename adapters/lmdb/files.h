// The directory of a cache and the lock file in it.

#ifndef APPCACHE_ADAPTERS_LMDB_FILES_H_
#define APPCACHE_ADAPTERS_LMDB_FILES_H_

#include <string>

#include "engine/error.h"
#include "engine/lane/file_lock.h"

namespace appcache::lmdb {

// Makes `directory` unless it is there, and says what its one absolute path is.
// Its parent must exist: kUnavailable.
Result<std::string> MakeDirectory(const std::string& directory);

// The lock file of the writer lane, which also says that the other files are a
// cache's. kUnsupported when there is an LMDB database but no such file: it is
// somebody's, and nothing is touched.
Result<FileLock> OpenLock(const std::string& directory);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_FILES_H_
