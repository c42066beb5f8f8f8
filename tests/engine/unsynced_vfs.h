// A SQLite VFS that never waits for the disk: the default one without its
// syncs. What a process wrote survives its end, kill -9 included; a power
// failure is all that syncs are for.

#ifndef APPCACHE_TESTS_ENGINE_UNSYNCED_VFS_H_
#define APPCACHE_TESTS_ENGINE_UNSYNCED_VFS_H_

namespace appcache {

// Its name, for SqliteCacheOptions::vfs. Registered at the first call.
const char* UnsyncedVfs();

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_UNSYNCED_VFS_H_
