#include "engine/vfs/heap_file.h"

#include <atomic>
#include <cassert>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "engine/support/mutex.h"
#include "engine/vfs/heap_vfs.h"

namespace appcache::vfs {
namespace {

// The default page size, so that nothing is padded.
constexpr int kSectorBytes = 4096;

OpenedFile& Opened(sqlite3_file* file) noexcept {
  return *reinterpret_cast<HeapFile*>(file)->opened;
}

// Runs `method`, which returns a result code. In a forked child the file is the
// parent's, whose threads may have held its mutexes at the fork.
template <class Method>
int Guarded(sqlite3_file* file, const Method& method) noexcept {
  OpenedFile& opened = Opened(file);
  if (opened.fork_guard.in_child()) [[unlikely]] {
    return SQLITE_IOERR;
  }
  return method(opened);
}

int Close(sqlite3_file* file) noexcept {
  OpenedFile* const opened =
      std::exchange(reinterpret_cast<HeapFile*>(file)->opened, nullptr);
  assert(opened != nullptr && opened->fetched == 0);
  // A child leaks what it inherited.
  if (!opened->fork_guard.in_child()) delete opened;
  return SQLITE_OK;
}

// --- Bytes. `kLog`: of the log; otherwise of the database.

template <bool kLog>
HeapStorage& StorageOf(OpenedFile& opened) noexcept {
  return kLog ? opened.database->log : opened.database->file;
}

// The mutex of the database file; none for a log.
template <bool kLog>
std::unique_lock<internal::Mutex> LockFile(OpenedFile& opened) noexcept {
  if constexpr (kLog) return {};
  return std::unique_lock(opened.database->file_mutex);
}

template <bool kLog>
int Read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) noexcept {
  assert(bytes >= 0 && at >= 0);
  return Guarded(file, [&](OpenedFile& opened) {
    const std::span<std::byte> buffer(static_cast<std::byte*>(to),
                                      static_cast<size_t>(bytes));
    std::unique_lock<internal::Mutex> lock;
    if (opened.wal_locks.shared() == 0) lock = LockFile<kLog>(opened);
    const size_t read =
        StorageOf<kLog>(opened).Read(static_cast<uint64_t>(at), buffer);
    if (read == buffer.size()) return SQLITE_OK;
    std::memset(buffer.data() + read, 0, buffer.size() - read);
    return SQLITE_IOERR_SHORT_READ;
  });
}

template <bool kLog>
int Write(sqlite3_file* file, const void* from, int bytes,
          sqlite3_int64 at) noexcept {
  assert(bytes >= 0 && at >= 0);
  return Guarded(file, [&](OpenedFile& opened) {
    if (opened.is_read_only) return SQLITE_READONLY;
    const std::span<const std::byte> buffer(static_cast<const std::byte*>(from),
                                            static_cast<size_t>(bytes));
    const auto offset = static_cast<uint64_t>(at);
    if (offset > HeapStorage::kMaxBytes ||
        buffer.size() > HeapStorage::kMaxBytes - offset) {
      return SQLITE_FULL;
    }
    const std::unique_lock<internal::Mutex> lock = LockFile<kLog>(opened);
    return StorageOf<kLog>(opened).Write(offset, buffer) ? SQLITE_OK
                                                         : SQLITE_IOERR_NOMEM;
  });
}

template <bool kLog>
int Truncate(sqlite3_file* file, sqlite3_int64 size) noexcept {
  assert(size >= 0);
  return Guarded(file, [&](OpenedFile& opened) {
    if (opened.is_read_only) return SQLITE_READONLY;
    if (static_cast<uint64_t>(size) > HeapStorage::kMaxBytes) {
      return SQLITE_FULL;
    }
    const std::unique_lock<internal::Mutex> lock = LockFile<kLog>(opened);
    StorageOf<kLog>(opened).Truncate(static_cast<uint64_t>(size));
    return SQLITE_OK;
  });
}

template <bool kLog>
int FileSize(sqlite3_file* file, sqlite3_int64* size) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    *size = static_cast<sqlite3_int64>(StorageOf<kLog>(opened).size());
    return SQLITE_OK;
  });
}

int Sync(sqlite3_file*, int) noexcept { return SQLITE_OK; }

int SectorSize(sqlite3_file*) noexcept { return kSectorBytes; }

int DeviceCharacteristics(sqlite3_file*) noexcept {
  return SQLITE_IOCAP_ATOMIC | SQLITE_IOCAP_SAFE_APPEND |
         SQLITE_IOCAP_SEQUENTIAL | SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// --- The lock of the file.

int Lock(sqlite3_file* file, int level) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    // A connection that cannot write must not become the last one of the log,
    // which checkpoints and deletes it, with the locks of the log ignored.
    if (opened.is_read_only && level > SQLITE_LOCK_SHARED) return SQLITE_BUSY;
    return opened.database->file_locks.Lock(
               opened.file_lock, static_cast<FileLocks::Level>(level))
               ? SQLITE_OK
               : SQLITE_BUSY;
  });
}

int Unlock(sqlite3_file* file, int level) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    opened.database->file_locks.Unlock(opened.file_lock,
                                       static_cast<FileLocks::Level>(level));
    return SQLITE_OK;
  });
}

int CheckReservedLock(sqlite3_file* file, int* is_reserved) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    *is_reserved = opened.database->file_locks.IsReserved() ? 1 : 0;
    return SQLITE_OK;
  });
}

// --- The wal-index.

// Whether a connection that only reads may have these locks exclusively. SQLite
// takes the checkpoint lock alone to checkpoint, and with others to recover the
// wal-index. It takes the write lock in a reader when it finds the header of
// the wal-index half written, in case its writer has died. Here no writer dies
// alone, and the reader retries: otherwise a set could meet SQLITE_BUSY because
// of it.
bool MayLockToRead(OpenedFile& opened, WalLocks::Mask mask) noexcept {
  constexpr WalLocks::Mask kWrite = WalLocks::MaskOf(WalLocks::kWrite, 1);
  constexpr WalLocks::Mask kCheckpoint =
      WalLocks::MaskOf(WalLocks::kCheckpoint, 1);
  if (mask == kCheckpoint) return false;
  return mask != kWrite || !opened.database->wal_index.is_initialised();
}

int ShmMap(sqlite3_file* file, int index, int bytes, int extend,
           void volatile** region) noexcept {
  assert(bytes == static_cast<int>(WalIndex::kRegionBytes));
  (void)bytes;
  *region = nullptr;
  return Guarded(file, [&](OpenedFile& opened) {
    void* found = nullptr;
    const WalIndex::Found result = opened.database->wal_index.Region(
        static_cast<size_t>(index), extend != 0, found);
    *region = found;
    return result == WalIndex::Found::kNoMemory ? SQLITE_IOERR_NOMEM
                                                : SQLITE_OK;
  });
}

int ShmLock(sqlite3_file* file, int first, int count, int flags) noexcept {
  assert(first >= 0 && count >= 1 && first + count <= WalLocks::kCount);
  return Guarded(file, [&](OpenedFile& opened) {
    WalLocks& locks = opened.database->wal_locks;
    WalLocks::Holder& holder = opened.wal_locks;
    const WalLocks::Mask mask = WalLocks::MaskOf(first, count);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      locks.Unlock(holder, mask);
      return SQLITE_OK;
    }
    if ((flags & SQLITE_SHM_SHARED) != 0) {
      return locks.LockShared(holder, mask) ? SQLITE_OK : SQLITE_BUSY;
    }
    if (opened.is_read_only && !MayLockToRead(opened, mask)) return SQLITE_BUSY;
    return locks.LockExclusive(holder, mask) ? SQLITE_OK : SQLITE_BUSY;
  });
}

void ShmBarrier(sqlite3_file*) noexcept { __sync_synchronize(); }

// The regions stay, also when nobody uses them now: a connection that only
// reads could not make them again, because that takes the checkpoint lock.
int ShmUnmap(sqlite3_file* file, int delete_index) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    opened.database->wal_locks.Unlock(opened.wal_locks,
                                      WalLocks::MaskOf(0, WalLocks::kCount));
    if (delete_index != 0) opened.database->wal_index.Clear();
    return SQLITE_OK;
  });
}

// --- Pages without a copy.

int Fetch(sqlite3_file* file, sqlite3_int64 at, int bytes,
          void** page) noexcept {
  *page = nullptr;
  return Guarded(file, [&](OpenedFile& opened) {
    if (at + bytes > opened.mmap_limit) return SQLITE_OK;
    *page = opened.database->file.Address(static_cast<uint64_t>(at),
                                          static_cast<size_t>(bytes));
    if (*page != nullptr) ++opened.fetched;
    return SQLITE_OK;
  });
}

// A null page revokes all addresses, where a mapping would move.
int Unfetch(sqlite3_file* file, sqlite3_int64, void* page) noexcept {
  if (page != nullptr) --Opened(file).fetched;
  return SQLITE_OK;
}

int FileControl(sqlite3_file* file, int operation, void* argument) noexcept {
  return Guarded(file, [&](OpenedFile& opened) {
    switch (operation) {
      case SQLITE_FCNTL_MMAP_SIZE: {
        // Answers with the old limit. A negative new one only asks.
        auto& limit = *static_cast<sqlite3_int64*>(argument);
        const sqlite3_int64 old = opened.mmap_limit;
        if (limit >= 0) opened.mmap_limit = limit;
        limit = old;
        return SQLITE_OK;
      }
      case SQLITE_FCNTL_VFSNAME:
        *static_cast<char**>(argument) = sqlite3_mprintf("%s", kHeapVfsName);
        return SQLITE_OK;
      case SQLITE_FCNTL_HAS_MOVED:
        *static_cast<int*>(argument) = 0;
        return SQLITE_OK;
      default:
        return SQLITE_NOTFOUND;
    }
  });
}

int LogFileControl(sqlite3_file*, int, void*) noexcept {
  return SQLITE_NOTFOUND;
}

int LogLock(sqlite3_file*, int) noexcept { return SQLITE_OK; }

int LogCheckReservedLock(sqlite3_file*, int* is_reserved) noexcept {
  *is_reserved = 0;
  return SQLITE_OK;
}

}  // namespace

OpenedFile::OpenedFile(DatabaseRef opened, bool read_only)
    : database(std::move(opened)), is_read_only(read_only) {
  assert(database);
  database->wal_locks.Add(wal_locks);
}

OpenedFile::~OpenedFile() {
  database->file_locks.Unlock(file_lock, FileLocks::kNone);
  database->wal_locks.Remove(wal_locks);
}

const sqlite3_io_methods kDatabaseMethods = {
    .iVersion = 3,
    .xClose = Close,
    .xRead = Read<false>,
    .xWrite = Write<false>,
    .xTruncate = Truncate<false>,
    .xSync = Sync,
    .xFileSize = FileSize<false>,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = Fetch,
    .xUnfetch = Unfetch,
};

const sqlite3_io_methods kLogMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read<true>,
    .xWrite = Write<true>,
    .xTruncate = Truncate<true>,
    .xSync = Sync,
    .xFileSize = FileSize<true>,
    .xLock = LogLock,
    .xUnlock = LogLock,
    .xCheckReservedLock = LogCheckReservedLock,
    .xFileControl = LogFileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace appcache::vfs
