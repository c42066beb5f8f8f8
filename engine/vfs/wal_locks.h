// WalLocks: the eight locks of SQLite's write-ahead log (xShmLock).
//
// One reader takes and releases a shared lock in each read transaction, so
// readers must not write to memory that other readers use. Therefore the shared
// locks of a connection are bits in memory of its own. An exclusive lock is a
// bit in memory that all read:
//
//   shared:     set the own bit,            then look for an exclusive bit
//   exclusive:  set the exclusive bit,      then look at the bits of the others
//
// Both steps are sequentially consistent, so of two that collide at least one
// sees the other (Dekker). It takes its bit back and is busy. Both may be busy,
// which SQLite's protocol allows: every caller retries, or goes on without the
// lock.

#ifndef APPCACHE_ENGINE_VFS_WAL_LOCKS_H_
#define APPCACHE_ENGINE_VFS_WAL_LOCKS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::vfs {

// Thread-safe. Nothing waits.
class WalLocks {
 public:
  // A bit for each lock; SQLITE_SHM_NLOCK of them.
  using Mask = uint16_t;
  // SQLite's numbers of the locks (wal.c): write, checkpoint, recover, and five
  // for readers.
  static constexpr int kWrite = 0;
  static constexpr int kCheckpoint = 1;
  static constexpr int kRecover = 2;
  static constexpr int kFirstRead = 3;
  static constexpr int kCount = 8;

  static constexpr Mask MaskOf(int first, int count) noexcept {
    return static_cast<Mask>(((1u << count) - 1u) << first);
  }

  // The locks of one connection, which uses them in one thread at a time.
  class Holder {
   public:
    Mask shared() const noexcept {
      return shared_.load(std::memory_order_relaxed);
    }

   private:
    friend class WalLocks;
    static constexpr size_t kCacheLine = 64;

    // Written by the connection, read by those who want an exclusive lock.
    alignas(kCacheLine) std::atomic<Mask> shared_{0};
    Mask exclusive_ = 0;
  };

  // A holder must be added before it takes a lock, and removed before it is
  // destroyed; Remove releases its locks. Add throws std::bad_alloc.
  void Add(Holder& holder) APPCACHE_EXCLUDES(mutex_);
  void Remove(Holder& holder) noexcept APPCACHE_EXCLUDES(mutex_);

  // All of the locks or none. False when another connection holds one of them;
  // for an exclusive lock also when this one does.
  bool LockShared(Holder& holder, Mask locks) noexcept;
  bool LockExclusive(Holder& holder, Mask locks) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // Releases what `holder` has of them.
  void Unlock(Holder& holder, Mask locks) noexcept;

 private:
  std::atomic<Mask> exclusive_{0};
  // On another cache line than exclusive_, which readers load.
  alignas(Holder::kCacheLine) internal::Mutex mutex_;
  std::vector<Holder*> holders_ APPCACHE_GUARDED_BY(mutex_);
};

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_WAL_LOCKS_H_
