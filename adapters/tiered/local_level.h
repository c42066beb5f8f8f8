// LocalLevel: the local cache as copies of the remote's entries. It serves what
// the lease allows, keeps what no change has overtaken, and drops what has
// changed.
//
// The fill race. A fetch that was on its way when its entry changed may bring
// the old value after the news of the change has come. So each fetch carries a
// token: how often anything had changed in its stripe of the paths, and the
// epoch. A copy is kept only if, under the stripe's mutex, the count is still
// the same; a change counts, and drops the copy, under that mutex too. Of the
// two, either the change comes first, and nothing is kept, or the copy, and the
// change drops it.

#ifndef APPCACHE_ADAPTERS_TIERED_LOCAL_LEVEL_H_
#define APPCACHE_ADAPTERS_TIERED_LOCAL_LEVEL_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tiered/copy.h"
#include "adapters/tiered/lease.h"
#include "adapters/tiered/tiered_options.h"
#include "engine/cache.h"

namespace appcache::tiered {

// Thread-safe. A local cache that fails is one without copies; if it fails to
// drop one, or throws, all are forgotten, by the epoch.
class LocalLevel {
 public:
  // Only paths that begin with `path_prefix` are kept. The lease outlives this.
  LocalLevel(std::shared_ptr<Cache> cache, std::string path_prefix,
             const TieredOptions& options, std::shared_ptr<const Clock> clock,
             Lease& lease);

  struct Found {
    Copy copy;
    bool is_stale = false;  // beyond max_staleness
  };

  // The copy, if there is one that may be served.
  std::optional<Found> Find(std::string_view path);
  std::vector<std::optional<Found>> FindMany(
      std::span<const std::string_view> paths);

  // What is there of this tier, however old, if the policy is to serve that
  // when all else fails.
  std::optional<Copy> LastResort(std::string_view path);

  struct Token {
    uint64_t version = 0;
    uint64_t epoch = 0;
    TimePoint begun;
  };

  // To be taken before the remote is asked.
  Token BeginFetch(std::string_view path) const noexcept;
  // Whether nothing has changed since, as far as is known.
  bool IsCurrent(std::string_view path, const Token& token) const noexcept;

  enum class Kept { kYes, kNo, kOvertaken };

  // Keeps what has been fetched, also that there is nothing, if it is to be
  // kept. A failure is not.
  Kept Keep(std::string_view path, const Token& token,
            const Lookup<TimedBytes>& fetched, bool ttl_is_told);

  // The entry has changed: no fetch that began before is kept, and no copy is
  // left.
  void Drop(std::string_view path) noexcept;
  // Those of all paths that begin so may have. All copies are dropped if the
  // local cache does not find its entries by a prefix.
  void DropPrefix(std::string_view prefix) noexcept;
  // All have. Costs nothing: they are of an old epoch, and make room as others
  // come.
  void DropAll() noexcept { lease_.ForgetAll(); }

  Cache& cache() const noexcept { return *cache_; }

 private:
  static constexpr size_t kStripes = 256;

  struct alignas(64) Stripe {
    std::mutex mutex;
    // How often something has changed. Written under the mutex.
    std::atomic<uint64_t> version{0};
  };

  Stripe& StripeOf(std::string_view path) const noexcept;
  bool IsOurs(std::string_view path) const noexcept {
    return path.starts_with(path_prefix_);
  }
  // For a read that begins `now`.
  std::optional<Found> Judge(Lookup<Bytes> record, const Lease::Terms& terms,
                             TimePoint now);
  // Of what a fetch that began then has brought.
  TimePoint KeepUntil(bool is_absence, TimePoint begun, TimePoint ends_at,
                      bool ttl_is_told) const noexcept;

  const std::shared_ptr<Cache> cache_;
  const std::string path_prefix_;
  const Ttl max_local_ttl_;
  const Ttl untracked_ttl_;
  const Ttl absence_ttl_;
  const std::shared_ptr<const Clock> clock_;
  Lease& lease_;
  const std::unique_ptr<std::array<Stripe, kStripes>> stripes_;
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_LOCAL_LEVEL_H_
