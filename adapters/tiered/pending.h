// Pending: invalidations that the remote did not get, to be repeated when it is
// back.
//
// A path is kept once, whatever happened to it how often: the repetition is a
// delete, which a cache bears at any time. So a write whose outcome is unknown
// ends in one too, if the write is not repeated by its writer.

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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::tiered {

// Thread-safe. A thread of its own repeats, from the first Add on; none before.
class Pending {
 public:
  // Removes the paths from the remote. Called from the thread, without a lock.
  using Repeat = std::function<Status(std::span<const std::string_view> paths)>;

  // Repeats every `retry_interval` of `clock`, in batches, until all is done.
  Pending(Repeat repeat, size_t max_paths,
          std::chrono::milliseconds retry_interval,
          std::shared_ptr<const Clock> clock);
  ~Pending() { Stop(); }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // Ends the thread, for good; waits for a repetition in progress. What is
  // pending is lost: the caller has been told that it failed.
  void Stop();

  // False: there is no room for it, and it is lost. Throws std::bad_alloc.
  bool Add(std::string_view path);

  // Whether the remote may still have what it should not. One load when nothing
  // is pending.
  bool Has(std::string_view path) const;

  // To be taken before an operation; then, if the operation has removed or
  // replaced the path at the remote: what failed before it began need not be
  // repeated.
  uint64_t Mark() const noexcept {
    return next_version_.load(std::memory_order_acquire);
  }
  void Settle(std::string_view path, uint64_t mark);
  void SettleAll(uint64_t mark);

  // Repeats at once: the remote is back.
  void Wake();

  size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  // How many have been lost for want of room.
  uint64_t lost() const noexcept {
    return lost_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kBatch = 256;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void Run();
  // Some of them, with their versions.
  std::vector<std::pair<std::string, uint64_t>> Some() const;
  void RepeatSome(std::unique_lock<std::mutex>& lock);

  const Repeat repeat_;
  const size_t max_paths_;
  const std::chrono::milliseconds retry_interval_;
  const std::shared_ptr<const Clock> clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Path to version: one that failed anew during its repetition stays. Guarded
  // by mutex_, as is the rest.
  std::unordered_map<std::string, uint64_t, Hash, std::equal_to<>> paths_;
  bool is_woken_ = false;
  bool is_ending_ = false;
  std::optional<std::thread> thread_;

  // Written under mutex_.
  std::atomic<uint64_t> next_version_{1};
  std::atomic<size_t> size_{0};  // of paths_
  std::atomic<uint64_t> lost_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_PENDING_H_
