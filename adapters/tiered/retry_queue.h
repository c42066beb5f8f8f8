// RetryQueue: paths whose invalidation failed, to be invalidated again when the
// remote is back.
//
// Each path is queued at most once: the retry is an invalidation, which is
// idempotent. A write whose outcome is unknown is followed by one, too.
//
// A retry in flight must not reach the remote after a later write of the same
// path, and remove what that has written. So whoever retries, writes or reads a
// queued path claims it first, and a path has one claim at a time.

#ifndef APPCACHE_ADAPTERS_TIERED_RETRY_QUEUE_H_
#define APPCACHE_ADAPTERS_TIERED_RETRY_QUEUE_H_

#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "appcache/clock.h"
#include "appcache/error.h"
#include "engine/support/mutex.h"

namespace appcache::tiered {

// Thread-safe. A thread of its own retries. It starts with the first Add.
class RetryQueue {
  // An entry's element in the map does not move or go away while it is claimed.
  struct State {
    uint64_t version = 0;  // of the last failure; versions only grow
    bool is_claimed = false;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Paths = std::unordered_map<std::string, State, Hash, std::equal_to<>>;

 public:
  // Those of some paths that are queued. Nobody else retries, reads or writes
  // them until it is destroyed.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          held_(std::move(other.held_)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (owner_ != nullptr) owner_->Release(*this);
    }

    bool empty() const noexcept { return held_.empty(); }
    // Valid as long as the claim. Throws std::bad_alloc.
    std::vector<std::string_view> paths() const;

    // The remote no longer holds the old entries: the paths leave the queue
    // when the claim is destroyed, except those that have failed again since
    // they were claimed.
    void Settle() noexcept;
    // The same for the path at `index` of paths().
    void SettleOne(size_t index) noexcept {
      assert(index < held_.size());
      held_[index].is_settled = true;
    }

   private:
    friend class RetryQueue;
    struct Held {
      Paths::value_type* path;
      uint64_t version;
      bool is_settled = false;
    };
    Claim(RetryQueue* owner, std::vector<Held> held) noexcept
        : owner_(owner), held_(std::move(held)) {}

    RetryQueue* owner_ = nullptr;  // null: holds nothing
    std::vector<Held> held_;
  };

  // Invalidates the paths at the remote. Called without a lock, by the thread.
  using Invalidate =
      std::function<Status(std::span<const std::string_view> paths)>;

  // Retries every `retry_interval`, in batches, until the queue is empty.
  // Nobody waits longer than `max_wait` for a claim. Both are by `clock`.
  RetryQueue(Invalidate invalidate, size_t max_paths,
             std::chrono::milliseconds retry_interval,
             std::chrono::milliseconds max_wait,
             std::shared_ptr<const Clock> clock);
  ~RetryQueue() { Stop(); }
  RetryQueue(const RetryQueue&) = delete;
  RetryQueue& operator=(const RetryQueue&) = delete;

  // Waits for a retry in progress and ends the thread. What is queued is lost;
  // its callers have received the error. May be called again. REQUIRES: one
  // caller at a time, and no claim but the thread's.
  void Stop() APPCACHE_EXCLUDES(mutex_);

  // False when the queue is full: the invalidation is lost.
  bool Add(std::string_view path) noexcept APPCACHE_EXCLUDES(mutex_);

  // True when the remote may still hold an old entry. One load while the queue
  // is empty.
  bool Contains(std::string_view path) const APPCACHE_EXCLUDES(mutex_);

  // Waits until none of the paths is claimed and claims those that are queued.
  // kBusy after max_wait. One load while the queue is empty. Throws
  // std::bad_alloc.
  Result<Claim> ClaimQueued(std::span<const std::string_view> paths)
      APPCACHE_EXCLUDES(mutex_);
  Result<Claim> ClaimAll() APPCACHE_EXCLUDES(mutex_);

  // The remote is back: retries at once.
  void RetryNow() APPCACHE_EXCLUDES(mutex_);

  size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  // How many were lost because the queue was full.
  uint64_t lost() const noexcept {
    return lost_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kBatch = 256;

  template <class Each>
  Result<Claim> ClaimWhenFree(internal::UniqueMutexLock& lock, const Each& each)
      APPCACHE_REQUIRES(mutex_);
  Claim ClaimOldest() APPCACHE_REQUIRES(mutex_);
  Claim MakeClaim(std::vector<Claim::Held> held) noexcept
      APPCACHE_REQUIRES(mutex_);
  void StartThread() noexcept APPCACHE_REQUIRES(mutex_);

  void Release(Claim& claim) noexcept APPCACHE_EXCLUDES(mutex_);
  bool IsStopped() const APPCACHE_EXCLUDES(mutex_);
  void Run() APPCACHE_EXCLUDES(mutex_);
  // These return true when something was invalidated.
  bool RetrySome() APPCACHE_EXCLUDES(mutex_);
  bool RetryOneByOne(Claim& claim);

  const Invalidate invalidate_;
  const size_t max_paths_;
  const std::chrono::milliseconds retry_interval_;
  const std::chrono::milliseconds max_wait_;
  const std::shared_ptr<const Clock> clock_;

  mutable internal::Mutex mutex_;
  std::condition_variable changed_;
  Paths paths_ APPCACHE_GUARDED_BY(mutex_);
  uint64_t next_version_ APPCACHE_GUARDED_BY(mutex_) = 1;
  bool retries_now_ APPCACHE_GUARDED_BY(mutex_) = false;
  bool is_stopped_ APPCACHE_GUARDED_BY(mutex_) = false;
  std::thread thread_ APPCACHE_GUARDED_BY(mutex_);

  // Written under mutex_.
  std::atomic<size_t> size_{0};  // of paths_
  std::atomic<uint64_t> lost_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_RETRY_QUEUE_H_
