// FileLocks: the lock of a database file (xLock), by SQLite's five levels.
//
// Connections that use the write-ahead log keep kShared for their whole life;
// only creating the database and the switch to the log take more.

#ifndef APPCACHE_ENGINE_VFS_FILE_LOCKS_H_
#define APPCACHE_ENGINE_VFS_FILE_LOCKS_H_

#include "engine/support/mutex.h"

namespace appcache::vfs {

// Thread-safe. Nothing waits.
class FileLocks {
 public:
  // Values of SQLITE_LOCK_*.
  enum Level { kNone, kShared, kReserved, kPending, kExclusive };

  // The lock of one connection.
  class Holder {
   private:
    friend class FileLocks;
    Level level_ = kNone;  // guarded by FileLocks::mutex_
  };

  // Raises the level; does nothing if it is that high. False when others
  // prevent it. When they hold kShared and `level` is kExclusive, the holder is
  // left at kPending, which keeps new readers out.
  bool Lock(Holder& holder, Level level) noexcept APPCACHE_EXCLUDES(mutex_);

  // Lowers the level to kShared or kNone.
  void Unlock(Holder& holder, Level level) noexcept APPCACHE_EXCLUDES(mutex_);

  // Whether a connection holds kReserved or more.
  bool IsReserved() const noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  mutable internal::Mutex mutex_;
  // The holders above kNone.
  int readers_ APPCACHE_GUARDED_BY(mutex_) = 0;
  // At kReserved or above.
  const Holder* writer_ APPCACHE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_FILE_LOCKS_H_
