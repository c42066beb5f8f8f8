// What a write transaction of LruEngine does besides its batch. Included by the
// files that implement LruEngine only.

#ifndef APPCACHE_ENGINE_LRU_HOOKS_H_
#define APPCACHE_ENGINE_LRU_HOOKS_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"

namespace appcache::lru {

// Numbers accesses, and evicts nothing.
class LruEngine::Hooks : public store::WriteHooks {
 public:
  // `engine` must outlive this object. `now` is the time of the write.
  Hooks(LruEngine& engine, TimePoint now) noexcept
      : engine_(engine), now_(now) {}

  // Another process may have written with a clock that is ahead of ours. Its
  // entries must not look more recent than what is set now: otherwise an entry
  // could be the victim of its own set.
  Status OnForeignWrites(int64_t newest) override {
    AssertLocked();
    return engine_.FollowForeignTicks(newest, /*corrects=*/false);
  }
  int64_t NextTick() noexcept final { return engine_.ticks_.Next(now_); }
  Status Evict(policy::EvictionTarget&, policy::Evicted&) override {
    return Status();
  }

 protected:
  // The transaction calls the hooks, with the writer lock held.
  void AssertLocked() const noexcept
      APPCACHE_ASSERT_CAPABILITY(engine_.database_->lane()) {}

  LruEngine& engine_;
  const TimePoint now_;
};

// Rows that one transaction removes or updates on a full disk: their pages must
// fit into the space that the log has.
inline constexpr uint64_t kRowsOnFullDisk = 8;

inline constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

// Evicts until the limits are kept, but at most `most` entries.
class LruEngine::EvictingHooks : public Hooks {
 public:
  EvictingHooks(LruEngine& engine, TimePoint now,
                uint64_t most = kUnlimited) noexcept
      : Hooks(engine, now), most_(most) {}

  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override;

 protected:
  // The same for limits that the caller gives.
  Status EvictTo(const policy::Limits& limits, uint64_t most,
                 policy::EvictionTarget& target, policy::Evicted& evicted);

 private:
  const uint64_t most_;
};

// The same after entries were put: evicts in addition some entries if they are
// more than fit into max_database_bytes, but none of the newest, which may be
// those of `batch`. The batch must outlive this object.
class LruEngine::PuttingHooks : public EvictingHooks {
 public:
  PuttingHooks(LruEngine& engine, TimePoint now,
               const store::WriteBatch& batch) noexcept
      : EvictingHooks(engine, now), batch_(batch) {}

  Status OnForeignWrites(int64_t newest) final {
    AssertLocked();
    return engine_.FollowForeignTicks(newest, /*corrects=*/true);
  }
  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override;

 private:
  const store::WriteBatch& batch_;
};

// Makes room for `bytes` in a database that has reached max_database_bytes.
class LruEngine::RoomHooks final : public EvictingHooks {
 public:
  RoomHooks(LruEngine& engine, TimePoint now, uint64_t bytes) noexcept
      : EvictingHooks(engine, now), bytes_(bytes) {}

  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override;

 private:
  const uint64_t bytes_;
};

// Evicts after rows that carry their own ticks were stored.
class LruEngine::RestoringHooks final : public PuttingHooks {
 public:
  using PuttingHooks::PuttingHooks;

  // Adds the tick of a row.
  void NoteTick(int64_t tick) noexcept { newest_ = std::max(newest_, tick); }

  // Makes all later ticks larger. Not before the rows were stored: a restore
  // that fails earlier leaves the ticks as they are.
  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override {
    engine_.ticks_.AdvancePast(std::min(newest_, kLatestTick));
    return PuttingHooks::Evict(target, evicted);
  }

 private:
  int64_t newest_ = 0;
};

// Removes at most `most` expired entries.
class LruEngine::SweepingHooks final : public Hooks {
 public:
  SweepingHooks(LruEngine& engine, TimePoint now, uint64_t most) noexcept
      : Hooks(engine, now), most_(most) {}

  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override;

  // The expiry time of the next entry to expire, in milliseconds; none when no
  // entry has a ttl. Valid after the transaction.
  std::optional<int64_t> next_expiry() const noexcept { return next_expiry_; }

 private:
  const uint64_t most_;
  std::optional<int64_t> next_expiry_;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_HOOKS_H_
