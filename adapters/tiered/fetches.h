// Fetches: of many reads that miss the same key, one asks the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_FETCHES_H_
#define APPCACHE_ADAPTERS_TIERED_FETCHES_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/tiered/local_level.h"
#include "engine/cache.h"

namespace appcache::tiered {

// Thread-safe. Memory: one Fetch for each path that is being fetched.
class Fetches {
 public:
  class Fetch;

  // What Join gives. A leader fetches and calls Land; if it does not, those who
  // wait are told to help themselves.
  class Ticket {
   public:
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    bool is_leader() const noexcept { return leads_; }
    void Land(const Lookup<TimedBytes>& fetched);

    // What the leader has fetched; none if it did not, or not in time.
    std::optional<Lookup<TimedBytes>> Wait(std::chrono::milliseconds max_wait);

   private:
    friend class Fetches;
    Ticket(Fetches* owner, std::string path, std::shared_ptr<Fetch> fetch,
           bool leads)
        : owner_(owner),
          path_(std::move(path)),
          fetch_(std::move(fetch)),
          leads_(leads) {}

    Fetches* owner_;
    std::string path_;
    std::shared_ptr<Fetch> fetch_;  // null when moved from
    bool leads_;
  };

  // How many fetches have landed. A reader takes it before it looks into the
  // local cache: if it is the same when the reader leads a fetch, nobody can
  // have kept a copy in between.
  uint64_t landings() const noexcept {
    return landings_.load(std::memory_order_acquire);
  }

  // Joins a fetch of `path` that began under the same token's version and
  // epoch, at `not_before` or later: what has changed since has to be seen.
  // Otherwise leads one. Throws std::bad_alloc.
  Ticket Join(std::string_view path, const LocalLevel::Token& token,
              TimePoint not_before);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Shard {
    std::mutex mutex;
    // Guarded by mutex.
    std::unordered_map<std::string, std::shared_ptr<Fetch>, Hash,
                       std::equal_to<>>
        fetches;
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(std::string_view path) noexcept {
    return shards_[Hash()(path) % kShards];
  }
  void Remove(std::string_view path, const Fetch* fetch);

  std::array<Shard, kShards> shards_;
  alignas(64) std::atomic<uint64_t> landings_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_FETCHES_H_
