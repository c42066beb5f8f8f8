// WriterLane: the only place from which a cache's database is written, one at a
// time, across threads and processes.
//
// SQLite before 3.51.3 can corrupt a database in WAL mode when one connection
// commits at the instant at which another restarts the log, and its own way of
// waiting for a lock is to sleep up to 100 ms; LMDB's is to wait for ever. So
// writers queue here instead, and no connection of a SqliteCache checkpoints
// outside of it.

#ifndef APPCACHE_ENGINE_LANE_WRITER_LANE_H_
#define APPCACHE_ENGINE_LANE_WRITER_LANE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/lane/file_lock.h"

namespace appcache {

// Thread-safe.
class WriterLane {
 public:
  // `name` is what messages call the database. With a lock, the lane spans the
  // processes that lock the same file.
  WriterLane(std::string name, std::optional<FileLock> lock)
      : name_(std::move(name)), file_lock_(std::move(lock)) {}
  WriterLane(const WriterLane&) = delete;
  WriterLane& operator=(const WriterLane&) = delete;

  // The right to write; given back at its end.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (lane_ != nullptr) lane_->Leave();
    }

   private:
    friend class WriterLane;
    explicit Pass(WriterLane* lane) noexcept : lane_(lane) {}
    WriterLane* lane_;
  };

  // Waits at most `max_wait`; then kBusy. A thread that holds a pass must not
  // ask for another.
  Result<Pass> Enter(std::chrono::milliseconds max_wait);

  // For the last one in this process: waits for its threads as long as it
  // takes, and for other processes at most `max_wait`. `locked` says whether
  // they are kept out; if they are not, the pass is good for closing only.
  Pass EnterToClose(std::chrono::milliseconds max_wait,
                    Status& locked) noexcept;

 private:
  struct Waiter {
    std::condition_variable changed;
    std::chrono::steady_clock::time_point since;
    bool handed = false;
    Waiter* next = nullptr;
  };

  // REQUIRES: mutex_ is held.
  void Append(Waiter& waiter) noexcept;
  void Remove(const Waiter& waiter) noexcept;

  // True when this thread now occupies the lane.
  bool EnterThreads(std::chrono::milliseconds max_wait) noexcept;
  // Waits as long as is left of `max_wait`.
  Status LockFile(std::chrono::milliseconds left,
                  std::chrono::milliseconds max_wait);
  void Leave() noexcept;
  Status Busy(std::chrono::milliseconds waited, const char* holder) const;

  const std::string name_;

  std::mutex mutex_;
  bool occupied_ = false;  // guarded by mutex_
  // First come first; a list through the stacks of those who wait, so that
  // waiting needs no memory. Guarded by mutex_.
  Waiter* first_waiter_ = nullptr;

  // Used by whoever occupies the lane.
  std::optional<FileLock> file_lock_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LANE_WRITER_LANE_H_
