// WriterLane: the writer lock of a cache's database, across threads and
// processes. Threads queue for it: one that enters the lane acquires the lock,
// and holds it until it leaves.
//
// Every write of a database is done while holding its writer lock, and so is
// every checkpoint of SQLite's write-ahead log. Two reasons:
//
// - SQLite before 3.51.3 can corrupt a database in WAL mode when one connection
//   commits at the moment at which another one restarts the log.
// - The locks of the libraries make writers wait badly: SQLite's busy handler
//   sleeps up to 100 ms at a time, and LMDB's lock has no time limit.

#ifndef APPCACHE_ENGINE_LANE_WRITER_LANE_H_
#define APPCACHE_ENGINE_LANE_WRITER_LANE_H_

#include <atomic>
#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "appcache/error.h"
#include "appcache/export.h"
#include "engine/lane/file_lock.h"
#include "engine/support/fair_lock.h"
#include "engine/support/thread_annotations.h"

namespace appcache::internal {

// Thread-safe. Threads of this process get the lock in the order of FairLock.
// There is no order between processes.
class APPCACHE_EXPORT APPCACHE_CAPABILITY("writer lock") WriterLane {
 public:
  // `name` is what error messages call the database. With `lock`, this is a
  // lock across the processes that lock the same file; otherwise, it is a lock
  // of this process. With `lock` or `writes_files`, a write beyond the file
  // size limit of the process is an error while a thread holds the lock
  // (file_size_signal.h).
  WriterLane(std::string name, std::optional<FileLock> lock,
             bool writes_files = false)
      : name_(std::move(name)),
        blocks_signal_(lock.has_value() || writes_files),
        file_lock_(std::move(lock)) {}
  WriterLane(const WriterLane&) = delete;
  WriterLane& operator=(const WriterLane&) = delete;

  // The writer lock is held by this thread until this object is destroyed. The
  // lane must outlive it.
  class Held {
   public:
    Held(Held&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (lane_ != nullptr) lane_->Leave();
    }

    // States to the analysis that this object holds the lock of `lane`, which
    // it cannot see from the result of Enter.
    void AssertHolds([[maybe_unused]] const WriterLane& lane) const noexcept
        APPCACHE_ASSERT_CAPABILITY(lane) {
      assert(lane_ == &lane);
    }

   private:
    friend class WriterLane;
    explicit Held(WriterLane* lane) noexcept : lane_(lane) {}
    WriterLane* lane_;
  };

  // Acquires the writer lock. kBusy when it is not free within `max_wait`;
  // kUnavailable when the lock file cannot be locked.
  Result<Held> Enter(std::chrono::milliseconds max_wait)
      APPCACHE_EXCLUDES(this);

  // Acquires the writer lock to close the database: waits for the other threads
  // of this process without a time limit, and for other processes at most
  // `max_wait`. On success, `locked` is ok(). Otherwise, it is the error of
  // Enter: other processes may write, so that the caller must not write, and
  // may only close the database.
  Held EnterToClose(std::chrono::milliseconds max_wait, Status& locked) noexcept
      APPCACHE_EXCLUDES(this);

  // States to the analysis that the calling thread holds the lock: for a
  // function that is called by others.
  void AssertHeld() const noexcept APPCACHE_ASSERT_CAPABILITY(this) {}

  // See FileLock. Without a lock file they do nothing.
  void KeepReserve() noexcept APPCACHE_REQUIRES(this) {
    if (file_lock_ && file_lock_->KeepReserve()) lacks_reserve_ = false;
  }
  void FreeReserve() noexcept APPCACHE_REQUIRES(this) {
    if (file_lock_ && file_lock_->FreeReserve()) lacks_reserve_ = true;
  }
  void SetNote(const std::string& note) noexcept APPCACHE_REQUIRES(this) {
    if (file_lock_) file_lock_->SetNote(note);
  }
  // Whether this process has freed the reserve, and has not got it back. Any
  // thread may ask.
  bool lacks_reserve() const noexcept { return lacks_reserve_; }

 private:
  // Acquires the lock across processes, if there is one. Waits at most
  // `remaining`, which is what remains of `max_wait`.
  Status LockFile(std::chrono::milliseconds remaining,
                  std::chrono::milliseconds max_wait) APPCACHE_REQUIRES(this);
  void Leave() noexcept APPCACHE_RELEASE();
  Status Busy(std::chrono::milliseconds waited, const char* holder) const;

  const std::string name_;
  const bool blocks_signal_;

  FairLock threads_;  // the lock of this process
  std::optional<FileLock> file_lock_ APPCACHE_GUARDED_BY(this);
  std::atomic<bool> lacks_reserve_{false};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LANE_WRITER_LANE_H_
