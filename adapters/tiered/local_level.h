// LocalLevel: the local cache, which holds copies of the remote's entries. It
// serves copies that the lease allows, stores fetched results that no change
// has outdated, and drops copies of entries that have changed.
//
// The race between a fetch and a change: a fetch that was in flight when its
// entry changed may deliver the old value after the notification. So each fetch
// carries a token: the epoch, and how many changes there had been in its
// path's stripe (one of 256 sets of paths) when it began. A copy is stored
// only if, under the stripe's mutex, that number is still the same. A change
// increments the number and drops the copy under the same mutex. So either the
// change comes first and nothing is stored, or the copy comes first and the
// change drops it.
//
// Restrictions: does not call the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_LOCAL_LEVEL_H_
#define APPCACHE_ADAPTERS_TIERED_LOCAL_LEVEL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tiered/copy.h"
#include "adapters/tiered/lease.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/tiered_options.h"
#include "engine/support/mutex.h"

namespace appcache::tiered {

// Thread-safe. A local cache that fails to read or store costs copies. When it
// fails to drop one, a new epoch invalidates all.
class LocalLevel {
 public:
  // Only paths that start with `path_prefix` are copied. `lease` must outlive
  // this object. REQUIRES: backend != nullptr.
  LocalLevel(std::shared_ptr<Backend> backend, std::string path_prefix,
             const TieredOptions& options, std::shared_ptr<const Clock> clock,
             Lease& lease);

  // The quick way to a value that may certainly be served. kNoCopy: there is
  // none. kUnclear: call Find, which reads the exact time, and knows absences
  // and stale copies.
  enum class Quick { kServed, kNoCopy, kUnclear };
  // Sets `value`.
  Quick FindQuickly(std::string_view path, Bytes& value);
  // Calls `visitor` with the value, inside a read of the local cache.
  Quick ViewQuickly(std::string_view path, ValueVisitor visitor);

  // The answer of a copy: a hit, or the miss of a copied absence. Its origin is
  // kCopy or kStaleCopy. None: there is no copy that may be served.
  std::optional<Lookup<TimedBytes>> Find(std::string_view path);
  std::vector<std::optional<Lookup<TimedBytes>>> FindMany(
      std::span<const std::string_view> paths);

  // The answer of any copy of this tier, to be returned because the remote has
  // failed. None unless the policy is kServeStale.
  std::optional<Lookup<TimedBytes>> FindLastResort(std::string_view path);

  struct Token {
    uint64_t version = 0;
    uint64_t epoch = 0;
    TimePoint begun;
  };

  // Call it before the remote is asked.
  Token BeginFetch(std::string_view path) const noexcept;
  // True when no change of the path has been notified since.
  bool IsCurrent(std::string_view path, const Token& token) const noexcept;

  enum class Stored { kYes, kNo, kOutdated };

  // Stores what has been fetched, a hit or a miss, unless the options exclude
  // it or the entry has changed since (kOutdated). `has_ttl`: the remaining ttl
  // in `fetched` is that of the remote's entry. Throws std::bad_alloc.
  Stored Store(std::string_view path, const Token& token,
               const Lookup<TimedBytes>& fetched, bool has_ttl);

  // Drops the copy of an entry that has changed. No fetch that began earlier is
  // stored.
  void Drop(std::string_view path) noexcept;
  // The same for all paths that start with `prefix`. Drops all copies if the
  // local cache does not support that.
  void DropPrefix(std::string_view prefix) noexcept;
  // The same for all paths. Costs nothing: the copies belong to an old epoch,
  // and new ones will replace them.
  void DropAll() noexcept { lease_.ForgetAll(); }

  // Removes what DropAll has left, to make room.
  void Clear() noexcept;

  const Backend& backend() const noexcept { return *backend_; }

 private:
  static constexpr size_t kStripes = 256;

  struct alignas(64) Stripe {
    internal::Mutex mutex;
    // The number of changes. Written under the mutex.
    std::atomic<uint64_t> version{0};
  };

  // A time that is not before now, and the terms that hold until then.
  struct UpperBound {
    TimePoint time;
    Lease::Terms terms;
  };
  // None if copies of this path may not be served as fresh ones.
  std::optional<UpperBound> BoundFor(std::string_view path) const noexcept;
  // Whether a record certainly has a value that may be served.
  static bool MayServe(std::string_view record,
                       const UpperBound& bound) noexcept;

  Stripe& StripeOf(std::string_view path) const noexcept;
  bool IsOurs(std::string_view path) const noexcept {
    return path.starts_with(path_prefix_);
  }
  // The answer of `record`, for a read that began at `now`.
  std::optional<Lookup<TimedBytes>> Serve(Lookup<Bytes> record,
                                          const Lease::Terms& terms,
                                          TimePoint now) const;
  // How long to serve a copy of what a fetch that began at `begun` has brought.
  TimePoint ServedUntil(bool is_absence, TimePoint begun, TimePoint expires_at,
                        bool has_ttl) const noexcept;

  const std::shared_ptr<Backend> backend_;
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
