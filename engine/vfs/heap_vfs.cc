#include "engine/vfs/heap_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/vfs/heap_database.h"
#include "engine/vfs/heap_file.h"

namespace appcache::vfs {
namespace {

constexpr std::string_view kLogSuffix = "-wal";
constexpr int kMaxNameBytes = 4096;

// SQLite's own VFS, which serves what has nothing to do with named files.
sqlite3_vfs* Default(sqlite3_vfs* vfs) noexcept {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

// The database to which a log of that name belongs; none for other names.
std::optional<std::string_view> DatabaseOfLog(const char* name) noexcept {
  std::string_view base(name);
  if (!base.ends_with(kLogSuffix)) return std::nullopt;
  base.remove_suffix(kLogSuffix.size());
  return base;
}

DatabaseRef::Mode ModeOf(int flags) noexcept {
  if ((flags & SQLITE_OPEN_CREATE) == 0) return DatabaseRef::Mode::kOpen;
  return (flags & SQLITE_OPEN_EXCLUSIVE) == 0 ? DatabaseRef::Mode::kOpenOrCreate
                                              : DatabaseRef::Mode::kCreate;
}

// Runs `method`, which returns a result code.
template <class Method>
int WithMemory(const Method& method) noexcept {
  try {
    return method();
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

// `file` gets its methods only on success, so that SQLite does not close it
// otherwise.
int OpenDatabase(const char* name, HeapFile* file, int flags,
                 int* out_flags) noexcept {
  return WithMemory([&] {
    const bool read_only = (flags & SQLITE_OPEN_READONLY) != 0;
    DatabaseRef database(name, ModeOf(flags));
    if (!database) return SQLITE_CANTOPEN;
    file->opened = new OpenedFile(std::move(database), read_only);
    file->base.pMethods = &kDatabaseMethods;
    // SQLITE_OPEN_MEMORY: SQLite then starts without a journal file.
    if (out_flags != nullptr) *out_flags = flags | SQLITE_OPEN_MEMORY;
    return SQLITE_OK;
  });
}

int OpenLog(const char* name, HeapFile* file, int flags,
            int* out_flags) noexcept {
  return WithMemory([&] {
    // The name of a log always comes from SQLite, which has opened its database
    // before.
    DatabaseRef database(sqlite3_filename_database(name),
                         DatabaseRef::Mode::kOpen);
    if (!database) return SQLITE_CANTOPEN;
    file->opened = new OpenedFile(std::move(database), /*read_only=*/false);
    file->opened->database->has_log.store(true, std::memory_order_release);
    file->base.pMethods = &kLogMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  });
}

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
         int* out_flags) noexcept {
  if (name == nullptr) {
    return Default(vfs)->xOpen(Default(vfs), name, file, flags, out_flags);
  }
  file->pMethods = nullptr;
  auto* const heap_file = reinterpret_cast<HeapFile*>(file);
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    return OpenDatabase(name, heap_file, flags, out_flags);
  }
  if ((flags & SQLITE_OPEN_WAL) != 0) {
    return OpenLog(name, heap_file, flags, out_flags);
  }
  return SQLITE_CANTOPEN;  // a journal
}

int Delete(sqlite3_vfs*, const char* name, int) noexcept {
  return WithMemory([&] {
    const auto base = DatabaseOfLog(name);
    if (!base) return SQLITE_IOERR_DELETE_NOENT;
    const DatabaseRef database(*base, DatabaseRef::Mode::kOpen);
    if (!database || !database->has_log.exchange(false)) {
      return SQLITE_IOERR_DELETE_NOENT;
    }
    database->log.Truncate(0);
    return SQLITE_OK;
  });
}

// SQLite asks for logs, and for journals, which do not exist.
int Access(sqlite3_vfs*, const char* name, int, int* exists) noexcept {
  *exists = 0;
  return WithMemory([&] {
    const auto base = DatabaseOfLog(name);
    if (!base) return SQLITE_OK;
    const DatabaseRef database(*base, DatabaseRef::Mode::kOpen);
    if (database && database->has_log.load()) *exists = 1;
    return SQLITE_OK;
  });
}

// Names are compared as they are.
int FullPathname(sqlite3_vfs*, const char* name, int bytes,
                 char* full) noexcept {
  const size_t needed = std::strlen(name) + 1;
  if (needed > static_cast<size_t>(bytes)) return SQLITE_CANTOPEN;
  std::memcpy(full, name, needed);
  return SQLITE_OK;
}

void* DlOpen(sqlite3_vfs* vfs, const char* name) noexcept {
  return Default(vfs)->xDlOpen(Default(vfs), name);
}

void DlError(sqlite3_vfs* vfs, int bytes, char* message) noexcept {
  Default(vfs)->xDlError(Default(vfs), bytes, message);
}

using Symbol = void (*)();

Symbol DlSym(sqlite3_vfs* vfs, void* library, const char* name) noexcept {
  return Default(vfs)->xDlSym(Default(vfs), library, name);
}

void DlClose(sqlite3_vfs* vfs, void* library) noexcept {
  Default(vfs)->xDlClose(Default(vfs), library);
}

int Randomness(sqlite3_vfs* vfs, int bytes, char* to) noexcept {
  return Default(vfs)->xRandomness(Default(vfs), bytes, to);
}

int Sleep(sqlite3_vfs* vfs, int microseconds) noexcept {
  return Default(vfs)->xSleep(Default(vfs), microseconds);
}

int CurrentTime(sqlite3_vfs* vfs, double* now) noexcept {
  return Default(vfs)->xCurrentTime(Default(vfs), now);
}

int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* now) noexcept {
  return Default(vfs)->xCurrentTimeInt64(Default(vfs), now);
}

int GetLastError(sqlite3_vfs*, int, char*) noexcept { return 0; }

// Static storage: SQLite keeps the address for ever.
sqlite3_vfs heap_vfs = {};

int Register() noexcept {
  const int rc = sqlite3_initialize();
  if (rc != SQLITE_OK) return rc;
  sqlite3_vfs* const base = sqlite3_vfs_find(nullptr);
  if (base == nullptr) return SQLITE_ERROR;
  heap_vfs.iVersion = 2;
  // A temporary file needs as much as the default VFS says.
  heap_vfs.szOsFile =
      std::max(static_cast<int>(sizeof(HeapFile)), base->szOsFile);
  heap_vfs.mxPathname = kMaxNameBytes;
  heap_vfs.zName = kHeapVfsName;
  heap_vfs.pAppData = base;
  heap_vfs.xOpen = Open;
  heap_vfs.xDelete = Delete;
  heap_vfs.xAccess = Access;
  heap_vfs.xFullPathname = FullPathname;
  heap_vfs.xDlOpen = DlOpen;
  heap_vfs.xDlError = DlError;
  heap_vfs.xDlSym = DlSym;
  heap_vfs.xDlClose = DlClose;
  heap_vfs.xRandomness = Randomness;
  heap_vfs.xSleep = Sleep;
  heap_vfs.xCurrentTime = CurrentTime;
  heap_vfs.xGetLastError = GetLastError;
  heap_vfs.xCurrentTimeInt64 = CurrentTimeInt64;
  return sqlite3_vfs_register(&heap_vfs, /*makeDflt=*/0);
}

}  // namespace

int RegisterHeapVfs() noexcept {
  static internal::Mutex& mutex = *new internal::Mutex;
  internal::MutexLock guard(mutex);
  if (sqlite3_vfs_find(kHeapVfsName) == &heap_vfs) return SQLITE_OK;
  return Register();
}

std::optional<MemoryUse> MemoryUseOf(std::string_view name) {
  const DatabaseRef database(name, DatabaseRef::Mode::kOpen);
  if (!database) return std::nullopt;
  return MemoryUse{database->file.allocated_bytes(),
                   database->allocated_log_bytes()};
}

}  // namespace appcache::vfs
