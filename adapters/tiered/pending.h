// Pending: invalidations that the remote did not get, to be repeated when it is
// back.
//
// A path is kept once, whatever happened to it how often: the repetition is a
// delete, which a cache bears at any time. So a write whose outcome is unknown
// ends in one too, if the write is not repeated by its writer.
//
// A repetition that is on its way must not come behind a later write of the
// same path, and remove what that wrote. So whoever repeats, replaces or reads
// a pending path claims it first, and one at a time has it.

#ifndef APPCACHE_ADAPTERS_TIERED_PENDING_H_
#define APPCACHE_ADAPTERS_TIERED_PENDING_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::tiered {

// Thread-safe. A thread of its own repeats, from the first Add on; none before.
class Pending {
  // When it failed, by a number that grows; and whether somebody has it. The
  // element of one that is claimed stays where it is.
  struct State {
    uint64_t version = 0;
    bool is_claimed = false;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Paths = std::unordered_map<std::string, State, Hash, std::equal_to<>>;

 public:
  // Those of some paths that are pending. Until it is destroyed nobody else
  // does anything about them.
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
    // Valid while the claim is. Throws std::bad_alloc.
    std::vector<std::string_view> paths() const;

    // The remote has not got them any more, or has something newer: they are
    // done, apart from those that have failed anew since they were claimed.
    void Settle() noexcept;
    // The same of the one at `index` of paths().
    void SettleOne(size_t index) noexcept { held_[index].is_settled = true; }

   private:
    friend class Pending;
    struct Held {
      Paths::value_type* path;
      uint64_t version;
      bool is_settled = false;
    };
    Claim(Pending* owner, std::vector<Held> held) noexcept
        : owner_(owner), held_(std::move(held)) {}

    Pending* owner_ = nullptr;  // null: holds nothing
    std::vector<Held> held_;
  };

  // Removes the paths from the remote. Called from the thread, without a lock.
  using Repeat = std::function<Status(std::span<const std::string_view> paths)>;

  // Repeats every `retry_interval` of `clock`, in batches, until all is done.
  // Nobody waits longer than `max_wait` for a claim.
  Pending(Repeat repeat, size_t max_paths,
          std::chrono::milliseconds retry_interval,
          std::chrono::milliseconds max_wait,
          std::shared_ptr<const Clock> clock);
  ~Pending() { Stop(); }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // Ends the thread, for good; waits for a repetition in progress. What is
  // pending is lost: the caller has been told that it failed. REQUIRES: no
  // claim but the thread's.
  void Stop();

  // False: there is no room for it, and it is lost.
  bool Add(std::string_view path) noexcept;

  // Whether the remote may still have what it should not. One load when nothing
  // is pending.
  bool Has(std::string_view path) const;

  // Claims those of the paths that are pending, when nobody else has any of
  // them; kBusy when that has taken max_wait. One load when nothing is pending.
  // Throws std::bad_alloc.
  Result<Claim> Take(std::span<const std::string_view> paths);
  Result<Claim> TakeAll();

  // Repeats at once: the remote is back.
  void Wake();

  size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  // How many have been lost for want of room.
  uint64_t lost() const noexcept {
    return lost_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kBatch = 256;

  // REQUIRES, of these: mutex_ is held.
  template <class Each>
  Result<Claim> TakeWhenFree(std::unique_lock<std::mutex>& lock,
                             const Each& each);
  Claim TakeOldest();
  Claim Claimed(std::vector<Claim::Held> held) noexcept;
  void StartThread() noexcept;

  void Release(Claim& claim) noexcept;
  bool IsEnding() const;
  void Run();
  // Whether something has been done.
  bool RepeatSome();
  bool RepeatOneByOne(Claim& claim);

  const Repeat repeat_;
  const size_t max_paths_;
  const std::chrono::milliseconds retry_interval_;
  const std::chrono::milliseconds max_wait_;
  const std::shared_ptr<const Clock> clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_, as is the rest.
  Paths paths_;
  uint64_t next_version_ = 1;
  bool is_woken_ = false;
  bool is_ending_ = false;
  std::thread thread_;

  // Written under mutex_.
  std::atomic<size_t> size_{0};  // of paths_
  std::atomic<uint64_t> lost_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_PENDING_H_
