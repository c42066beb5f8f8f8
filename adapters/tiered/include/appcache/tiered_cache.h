// TieredCache: a local cache in front of a remote one, kept coherent with it.
//
//   auto local = SqliteCache::OpenInMemory({}, "app");
//   auto remote = RedisCache::Open(redis_options);
//   if (!local.ok()) return Fail(local.status().ToString());
//   if (!remote.ok()) return Fail(remote.status().ToString());
//   auto cache = TieredCache::Open((*local)->backend(), (*remote)->backend());
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   auto user = (*cache)->Get(UserKey{7});
//
// A read that the local cache can answer needs no network. On a miss, one
// caller fetches the entry from the remote, concurrent callers share the result
// and the tier stores a copy of it locally. A copy is dropped when the remote
// notifies the tier that another client has changed the entry, and before a
// write through the tier returns.
//
// Coherence. The remote's watch (watch.h) notifies the tier about changes, and
// its heartbeats say up to which time the tier has received every notification.
// A copy is served only while the last heartbeat is younger than
// lease.max_staleness. So a value that another client had successfully
// replaced more than max_staleness before a read began is never returned, even
// if the link, the remote or a thread of this process has stalled. A process
// reads its own writes at once. A value whose entry was changed during its
// fetch is returned, but not stored. A copy never outlives the remote's entry.
// This holds while the name of the remote stands for one server: see "Watching"
// in redis_cache.h for a name that moves.
// WhenLost (tiered_options.h) says what happens while the link is lost. A new
// link starts without copies.
//
// Who sends the notifications depends on the remote. A Redis server does, by
// CLIENT TRACKING, about every change, whoever made it. Where the server
// refuses that, tiers notify each other about their own changes; changes by
// other programs are then visible only when a copy expires, so set
// max_local_ttl. Where that is refused too, and with remotes without
// notifications (Memcached, LMDB, another tier), copies live for untracked_ttl.
// Report() returns the current mode; each change of it is logged.
//
// Failure of the remote. Each call of the remote is bounded by the remote's own
// timeout. After breaker.failures consecutive failures, calls that need the
// remote fail at once for a while. Local copies are served as WhenLost says. A
// write or an invalidate that fails returns the error, and the tier queues its
// paths for retry: until the remote has removed the entry, reads of such a path
// through this tier do not return the old value, and the tier is not
// coherent(). The retry is an invalidation, also for a set that failed. When a
// batch fails in part, all of its entries are invalidated. A write that the
// remote rejects (kTooLarge, kInvalidKey, kInvalidArgument, kUnsupported) has
// certainly not been done, and is not queued. When the remote rejects a batch,
// the tier writes it again in ever smaller halves, so that the other entries
// are stored, with at most 64 further calls of the remote.
//
// Failure of the local cache costs copies and nothing else.
//
// The two backends. The local one should be in memory, and holds only this
// tier's copies, in a format of their own: what others write there is never
// served. The remote one may be used by others at the same time, also through
// the Cache that it came from.
//
// fork(). A child cannot use a tier of its parent: operations are kUnavailable
// and coherent() is false. Open another tier in the child. The destructor in
// the child closes the link of the tier, and leaves both backends alone.
//
// Ttls, limits, persistence and Clear are the remote's.
//
// Cost. A local hit: one get of the local cache, one clock reading and one
// counter. A miss: one round trip, or waiting up to max_wait for another
// caller's. A batch: one local batch, and one round trip for the entries that
// are not there. A write: one round trip and a local invalidation; two round
// trips where tiers notify each other. An operation on a path in the retry
// queue first removes that entry from the remote, which costs one or two
// further round trips. If another caller is removing it, the operation waits
// for that caller, and is kBusy after max_wait.

#ifndef APPCACHE_TIERED_CACHE_H_
#define APPCACHE_TIERED_CACHE_H_

#include <memory>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/export.h"
#include "appcache/tier_report.h"
#include "appcache/tiered_options.h"

namespace appcache {

namespace tiered {
class TieredBackend;
}  // namespace tiered

// Thread-safe. Adds to Cache what only a tier has. Among the operations of its
// backend, these are special:
//
// - AddRaw and InvalidatePrefixRaw are not retried when they fail. The retry of
//   an add would be an invalidation, which could remove an entry of another
//   client. After a failed invalidation by prefix, the local copies are
//   dropped; the caller decides whether to call it again.
// - SetTtlRaw is not retried when it fails: the value is right, whatever its
//   ttl. The local copy is dropped.
// - Where tiers notify each other, these and ClearRaw do so also when they have
//   failed and the remote may have made the change. Such a call may take the
//   remote's timeout twice.
// - WalkRaw visits the entries of the remote, except those in the retry queue.
// - ClearRaw clears both levels.
// - TtlRaw and Ping ask the remote.
// - Stats() counts reads and writes of the tier; evictions, expirations and
//   sizes are the remote's, and the memory is the local cache's.
class APPCACHE_EXPORT TieredCache final : public Cache {
 public:
  using Opened = Result<std::unique_ptr<TieredCache>>;

  // Does not wait for the remote, which may be unreachable. kInvalidArgument
  // when a backend is null, both are the same, or an option is out of range.
  static Opened Open(std::shared_ptr<Backend> local,
                     std::shared_ptr<Backend> remote,
                     TieredOptions options = {});

  // Waits for the hook, then for background loads, then for the tier's threads,
  // which takes at most as long as two calls of the remote.
  ~TieredCache() override;

  // True when the link is up, its last heartbeat is younger than max_staleness,
  // and no invalidation is queued for retry. No read then returns a value that
  // was replaced more than max_staleness ago. Invalidations that were lost
  // because the queue was full (TierReport::invalidations_lost) do not count.
  // Always false where nobody sends notifications.
  bool coherent() const;

  // The state of the tier and its counters.
  TierReport Report() const;

 private:
  TieredCache(const std::shared_ptr<tiered::TieredBackend>& tier,
              CacheOptions options);

  tiered::TieredBackend& tier_;  // this cache's backend()
};

}  // namespace appcache

#endif  // APPCACHE_TIERED_CACHE_H_
