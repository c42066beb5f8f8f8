// TieredBackend: a local and a remote backend as one, kept coherent. It is the
// backend of TieredCache, whose header is the manual (appcache/tiered_cache.h).
//
// The read path is in tiered_reads.cc, the write path in tiered_writes.cc, and
// everything else in tiered_backend.cc.
//
// Restrictions: knows neither SQL nor sockets nor protocols.

#ifndef APPCACHE_ADAPTERS_TIERED_TIERED_BACKEND_H_
#define APPCACHE_ADAPTERS_TIERED_TIERED_BACKEND_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tiered/events.h"
#include "adapters/tiered/fetches.h"
#include "adapters/tiered/lease.h"
#include "adapters/tiered/link.h"
#include "adapters/tiered/local_level.h"
#include "adapters/tiered/remote_level.h"
#include "adapters/tiered/retry_queue.h"
#include "adapters/tiered/tier_counters.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/tier_report.h"
#include "appcache/tiered_options.h"
#include "appcache/watch.h"
#include "engine/support/backend_counters.h"
#include "engine/support/fork_guard.h"

namespace appcache::tiered {

// Thread-safe. In a forked child, operations are kUnavailable.
class TieredBackend final : public Backend {
 public:
  // See TieredCache::Open.
  static Result<std::shared_ptr<TieredBackend>> Open(
      std::shared_ptr<Backend> local, std::shared_ptr<Backend> remote,
      const TieredOptions& options);
  ~TieredBackend() override;

  // Waits for a call of the hook in progress. The hook is not called
  // afterwards. Does nothing in a forked child. REQUIRES: not called by the
  // hook.
  void StopHook();

  // False in a forked child.
  bool is_coherent() const noexcept;
  // A default one in a forked child.
  TierReport Report() const;

  // --- Reads (tiered_reads.cc).

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  // Of the remote, without the entries in the retry queue.
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override;

  // --- Writes (tiered_writes.cc).

  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  Status ClearRaw() override;

  // --- Other.

  Result<std::string> Ping() override;
  BackendTraits Traits() const override { return traits_; }
  CacheStats Stats() const override;
  // Releases the connection of the link, so that the server drops it when the
  // parent does. Leaves the two backends alone, which others may use.
  void AbandonInChild() noexcept override;

 private:
  TieredBackend(std::shared_ptr<Backend> local, std::shared_ptr<Backend> remote,
                const TieredOptions& options);

  // Starts to watch the remote. Called once, before any other operation.
  Status Start();

  // `operation()`; kUnavailable in a forked child; or the exception that it
  // throws as a failure. Every operation runs in here.
  template <class R, class Operation>
  R Guarded(const Operation& operation) const noexcept {
    return WithoutExceptions<R>([&]() -> R {
      if (!fork_guard_.in_child()) [[likely]]
        return operation();
      if constexpr (requires { R::Failed(Status()); }) {
        return R::Failed(OpenedBeforeFork());
      } else {
        return OpenedBeforeFork();
      }
    });
  }
  static Status OpenedBeforeFork();

  // --- Read path. May throw std::bad_alloc.

  Lookup<TimedBytes> Get(std::string_view path);
  // After a look for a copy that found none. `completions` is the number of
  // completed fetches before that look.
  Lookup<TimedBytes> GetWithoutCopy(std::string_view path,
                                    uint64_t completions);
  std::vector<Lookup<TimedBytes>> GetMany(
      std::span<const std::string_view> paths);

  // The answer of a copy, counted. None: there is no copy to serve.
  std::optional<Lookup<TimedBytes>> FindCopy(std::string_view path);
  // Waits for the fetch of another caller; asks the remote if there is no
  // result in time.
  Lookup<TimedBytes> Follow(Fetches::Ticket& ticket, std::string_view path,
                            const LocalLevel::Token& token);
  // Asks the remote, and stores its answer.
  Lookup<TimedBytes> Fetch(std::string_view path,
                           const LocalLevel::Token& token);
  // What a read returns for the remote's answer, which it stores.
  Lookup<TimedBytes> Receive(std::string_view path,
                             const LocalLevel::Token& token,
                             Lookup<TimedBytes> fetched);
  // The answer for a path in the retry queue: a miss, once the remote has
  // invalidated the entry.
  Lookup<TimedBytes> GetQueued(std::string_view path);
  // How old the fetch of another caller may be that a read shares.
  std::chrono::milliseconds MaxFetchAge() const noexcept;

  // --- Write path. May throw std::bad_alloc.

  // Runs `change()`, which changes the entries at `paths` at the remote and
  // notifies other tiers. Before it, claims the paths in the retry queue; after
  // it, queues what is uncertain and drops the copies.
  template <class Change>
  Status Apply(std::span<const std::string_view> paths, const Change& change);

  Status Set(std::span<const RawEntry> entries);
  Result<bool> Add(const RawEntry& entry);
  Result<bool> SetTtl(std::string_view path, Ttl ttl);
  Status InvalidatePrefix(std::string_view path_prefix);
  Status Clear();

  // Invalidates the entries at the remote and notifies other tiers.
  Status InvalidateRemote(std::span<const std::string_view> paths);
  // Notifies other tiers after a change that ended with `outcome`, unless that
  // is uncertain: the retry does. The outcome of both.
  Status Announce(Status outcome, std::span<const std::string_view> paths);
  // The same for changes that are not retried: whatever the outcome. These
  // return the first error.
  Status AnnounceUnretried(Status outcome,
                           std::span<const std::string_view> paths);
  Status AnnounceAll(Status outcome);

  void QueueForRetry(std::string_view path) noexcept;
  // Invalidates the claimed entries now, in place of the retry.
  Status InvalidateClaimed(RetryQueue::Claim& claim);
  // The same for those of the paths that are in the retry queue.
  Status InvalidateQueued(std::span<const std::string_view> paths);

  const internal::ForkGuard fork_guard_;
  const TieredOptions options_;
  const std::shared_ptr<const Clock> clock_;
  // Those below post events.
  Events events_;
  Lease lease_;
  LocalLevel local_;
  RemoteLevel remote_;
  const BackendTraits traits_;
  Fetches fetches_;
  TierCounters reads_;
  internal::BackendCounters writes_;
  std::atomic<bool> has_logged_loss_{false};
  // Their threads use what is above.
  RetryQueue retry_queue_;
  Link link_;
  std::unique_ptr<Watch> watch_;  // null: the remote does not support it
  std::atomic<bool> is_abandoned_{false};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_TIERED_BACKEND_H_
