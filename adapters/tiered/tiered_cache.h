// TieredCache: a local cache in front of a remote one.
//
//   auto local = *SqliteCache::OpenInMemory({}, "app");  // the tier's alone
//   auto remote = *RedisCache::Open(redis_options);
//   auto cache = TieredCache::Open(std::move(local), std::move(remote));
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   auto user = (*cache)->Get(UserKey{7});
//
// A read of what is here costs no network. A miss is fetched from the remote,
// once, whoever asks, and kept. What other clients change is dropped here as
// soon as the remote tells; what this process changes, before the call returns.
//
// Coherence. The remote tells of changes (watch.h), and confirms again and
// again that it has told everything. A copy is served only while the last
// confirmation is younger than lease.max_staleness. So a read returns nothing
// that another client has replaced, and been told so, longer ago than that
// before the read began: whether the link, the remote, or this process's own
// threads stood still. A process reads its own writes: at once, always. A fetch
// that was overtaken by a change is returned, but not kept; no copy outlives
// the remote's entry. What happens while the link is lost the user decides
// (WhenLost); a link that comes back starts with no copies.
//
// How the remote tells: RedisCache by the server itself (CLIENT TRACKING), of
// every change, whoever made it; where the server refuses that, by what the
// tiers announce to each other, so that changes of other programs are seen only
// when a copy's ttl ends (set max_local_ttl); where that is refused too, and
// with remotes that cannot tell (Memcached, LMDB, another tier), not at all,
// and copies are kept for untracked_ttl. Report says which it is, and the log,
// once, when it changes.
//
// Failure of the remote. Each call of the remote's ends within its own timeout;
// after breaker.failures of them in a row it is not asked for a while, and what
// needs it fails at once. What is here is served as WhenLost says. A write or
// an invalidate that failed is an error to its caller; its path is kept (up to
// max_pending), reads of it here do not see what it was to replace, and it is
// removed from the remote as soon as that is possible: of a failed write that
// is all that is repeated, and of a batch that failed in part, all is removed.
// The tier is not coherent() before. What the remote refuses (kTooLarge,
// kInvalidKey, kInvalidArgument, kUnsupported) leaves nothing to repeat; the
// rest of its batch is written, as far as 64 calls more do for that.
//
// Failure of the local cache costs copies, and nothing else.
//
// The local cache belongs to the tier: what others write there is not served,
// and what the tier keeps there is for its own use (copy.h). It had better be
// in memory.
//
// fork(). A child cannot use the object: its operations are kUnavailable. Open
// one in the child.
//
// Ttls, limits, persistence, Clear: the remote's.
//
// Cost. A local hit: one get of the local cache, a look at the clock, four
// loads and one counter. A miss: one round trip, of one's own or of another who
// fetches the same key, for whom it waits max_wait at most. A batch: one local
// batch, and one round trip for what is not here. A write: one round trip, and
// a delete in the local cache; two round trips where tiers announce to each
// other. What concerns a pending path waits, max_wait at most (then it is
// kBusy), for whoever is removing it, and removes it first: one or two round
// trips more.

#ifndef APPCACHE_ADAPTERS_TIERED_TIERED_CACHE_H_
#define APPCACHE_ADAPTERS_TIERED_TIERED_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tiered/tier_report.h"
#include "adapters/tiered/tiered_options.h"
#include "engine/cache.h"

namespace appcache {

// Thread-safe.
class TieredCache final : public Cache {
 public:
  using Opened = Result<std::unique_ptr<TieredCache>>;

  // Neither may be null. Asks nobody: the remote may be away. kInvalidArgument
  // when an option is out of range.
  static Opened Open(std::shared_ptr<Cache> local,
                     std::shared_ptr<Cache> remote, TieredOptions options = {});

  // Waits for calls of the tier's own threads in progress: a call or two of the
  // remote's.
  ~TieredCache() override;

  // Whether reads are within max_staleness, and nothing is left that the remote
  // should not have: the link is there, its last confirmation in time, and no
  // invalidation pending. One that was lost for want of room (pending_lost) is
  // not waited for. False where nobody tells of changes.
  bool coherent() const;

  // What the tier is and has done.
  TierReport Report() const;

  BackendTraits Traits() const override;
  // The remote's.
  Result<std::string> Ping() override;

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  // The remote's. One that failed is not repeated, and nothing is removed for
  // it: what is there may be another's.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;
  // The remote's; on failure the copies here are dropped all the same, and it
  // is for the caller to repeat it.
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  // Of both levels: see the remote's.
  Status ClearRaw() override;

  // Asks the remote.
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;

 protected:
  CacheStats RawStats() const override;

 private:
  class State;

  TieredCache(CacheOptions options, std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_TIERED_TIERED_CACHE_H_
