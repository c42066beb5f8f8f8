#include "tests/engine/unsynced_vfs.h"

#include <sqlite3.h>

#include <map>
#include <mutex>

namespace appcache {
namespace {

constexpr char kName[] = "unsynced";

int DoNotSync(sqlite3_file*, int) { return SQLITE_OK; }

// The methods of a file of the default VFS, but for the sync.
const sqlite3_io_methods* WithoutSync(const sqlite3_io_methods* methods) {
  static std::mutex mutex;
  static auto& made =
      *new std::map<const sqlite3_io_methods*, sqlite3_io_methods>;
  std::lock_guard<std::mutex> guard(mutex);
  const auto [found, inserted] = made.try_emplace(methods, *methods);
  if (inserted) found->second.xSync = DoNotSync;
  return &found->second;
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags,
         int* out_flags) {
  sqlite3_vfs* const base = sqlite3_vfs_find(nullptr);
  const int rc = base->xOpen(base, name, file, flags, out_flags);
  if (file->pMethods != nullptr) file->pMethods = WithoutSync(file->pMethods);
  return rc;
}

int Delete(sqlite3_vfs*, const char* name, int /*sync_directory*/) {
  sqlite3_vfs* const base = sqlite3_vfs_find(nullptr);
  return base->xDelete(base, name, 0);
}

}  // namespace

const char* UnsyncedVfs() {
  static const bool registered = [] {
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.zName = kName;
    vfs.pNext = nullptr;
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    return sqlite3_vfs_register(&vfs, /*makeDflt=*/0) == SQLITE_OK;
  }();
  return registered ? kName : "not registered";
}

}  // namespace appcache
