// Tier: the two levels put together. The way of a read and of a write is here.

#ifndef APPCACHE_ADAPTERS_TIERED_TIER_H_
#define APPCACHE_ADAPTERS_TIERED_TIER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "adapters/tiered/events.h"
#include "adapters/tiered/fetches.h"
#include "adapters/tiered/lease.h"
#include "adapters/tiered/link.h"
#include "adapters/tiered/local_level.h"
#include "adapters/tiered/pending.h"
#include "adapters/tiered/remote_level.h"
#include "adapters/tiered/tier_report.h"
#include "adapters/tiered/tiered_options.h"
#include "engine/cache.h"

namespace appcache::tiered {

// Thread-safe. Functions may throw std::bad_alloc.
class Tier {
 public:
  struct Numbers {
    // Unlike that of any tier which has left copies in the local cache.
    uint64_t first_epoch;
    // Of jitter. Not zero.
    uint64_t seed;
  };
  Tier(std::shared_ptr<Cache> local, std::shared_ptr<Cache> remote,
       const TieredOptions& options, const Numbers& numbers);
  ~Tier();
  Tier(const Tier&) = delete;
  Tier& operator=(const Tier&) = delete;

  // Begins to watch the remote. Once, before anything else.
  Status Start();
  // Waits for the hook, if it is being called, and calls it no more.
  void StopHook() { events_.Stop(); }
  // In a forked child: lets go of the link. Nothing else may be called there.
  void CloseInChild() noexcept { watch_.reset(); }

  // What the local cache answers. None: Fetch.
  std::optional<LocalLevel::Found> Find(std::string_view path);
  // The same as a reader gets it: with what is left of the ttl, or without.
  Lookup<TimedBytes> ToTimed(LocalLevel::Found found) const;
  static Lookup<Bytes> ToBytes(LocalLevel::Found found);
  // What the remote answers, for this or for another who asks. `landings` was
  // taken before Find.
  Lookup<TimedBytes> Fetch(std::string_view path, uint64_t landings);
  uint64_t landings() const noexcept { return fetches_.landings(); }
  // Both, for many: one round trip, and one more if some are pending. Joins no
  // other's fetch.
  std::vector<Lookup<TimedBytes>> GetMany(
      std::span<const std::string_view> paths);

  Status Set(std::span<const Cache::RawEntry> entries);
  Result<bool> Add(const Cache::RawEntry& entry);
  Status Invalidate(std::span<const std::string_view> paths);
  // Drops the copies under the prefix; what fails is not repeated.
  Status InvalidatePrefix(std::string_view path_prefix);
  Status Clear();
  Lookup<Ttl> TtlOf(std::string_view path);

  bool is_coherent() const;
  TierReport Report() const;
  // Fills in the reads.
  void AddReads(CacheStats& stats) const;

  Cache& local() const noexcept { return local_.cache(); }
  Cache& remote() const noexcept { return remote_.cache(); }

 private:
  // Written by every hit: not beside what others write.
  struct alignas(64) HitCounter {
    std::atomic<uint64_t> count{0};
  };
  struct Counters {
    HitCounter local_hits;
    std::atomic<uint64_t> stale_hits{0};
    std::atomic<uint64_t> local_absences{0};
    std::atomic<uint64_t> remote_hits{0};
    std::atomic<uint64_t> remote_misses{0};
    std::atomic<uint64_t> remote_errors{0};
    std::atomic<uint64_t> last_resorts{0};  // of those: answered all the same
    std::atomic<uint64_t> fetches_shared{0};
    std::atomic<uint64_t> copies_kept{0};
    std::atomic<uint64_t> copies_overtaken{0};
  };

  void Count(const LocalLevel::Found& found) noexcept;
  // Asks the remote, and keeps what it says.
  Lookup<TimedBytes> Ask(std::string_view path, const LocalLevel::Token& token);
  Lookup<TimedBytes> Received(std::string_view path,
                              const LocalLevel::Token& token,
                              Lookup<TimedBytes> fetched);
  void Keep(std::string_view path, const LocalLevel::Token& token,
            const Lookup<TimedBytes>& fetched) noexcept;
  // Of a fetch that another read may join.
  std::chrono::milliseconds MaxStaleness() const noexcept;
  // What is left to a read whose remote failed.
  Lookup<TimedBytes> AfterFailure(std::string_view path,
                                  Lookup<TimedBytes> failed);
  // A read of a path that the remote should not have any more: a miss once it
  // has not.
  Lookup<TimedBytes> GetPending(std::string_view path);
  Status RemovePending(std::span<const std::string_view> paths);
  Status Remove(Pending::Claim& claim);

  // Makes `change()`, which is of these paths, with what is to be done before
  // and after any change.
  template <class Change>
  Status Make(std::span<const std::string_view> paths, const Change& change);
  void AddPending(std::string_view path) noexcept;
  Status InvalidateRemote(std::span<const std::string_view> paths);
  // Tells the other tiers, if they need it, of a change that has come to that.
  Status AnnounceAfter(Status outcome, std::span<const std::string_view> paths);

  void CountRemote(const Lookup<TimedBytes>& fetched) noexcept;
  void CountShared(const Lookup<TimedBytes>& fetched) noexcept;

  const TieredOptions options_;
  const std::shared_ptr<const Clock> clock_;
  // Those below post to it.
  Events events_;
  Lease lease_;
  LocalLevel local_;
  RemoteLevel remote_;
  Fetches fetches_;
  Counters counters_;
  std::atomic<bool> has_logged_loss_{false};
  // Those whose threads use what is above.
  Pending pending_;
  Link link_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_TIER_H_
