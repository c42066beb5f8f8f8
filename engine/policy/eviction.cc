#include "engine/policy/eviction.h"

namespace appcache::policy {
namespace {

// Removes the entry that expired first. False when none has expired.
Result<bool> RemoveOneExpired(EvictionTarget& target, int64_t now_ms,
                              Evicted& evicted) {
  const auto first = target.FirstToExpire();
  if (!first.ok()) return first.status();
  if (!*first || (*first)->expires_at_ms > now_ms) return false;
  Status removed = target.RemoveExpired(**first);
  if (!removed.ok()) return removed;
  evicted.removed.push_back((*first)->h);
  ++evicted.expirations;
  return true;
}

// Removes the least recent entry; or writes its pending access, and removes
// nothing. False when the store is empty.
Result<bool> RemoveLeastRecent(EvictionTarget& target,
                               const PendingAccesses& pending,
                               Evicted& evicted) {
  const auto candidate = target.LeastRecent();
  if (!candidate.ok()) return candidate.status();
  if (!*candidate) return false;
  const int64_t h = (*candidate)->h;
  const std::optional<int64_t> tick = pending.Find(h);
  if (tick && *tick > (*candidate)->last_used) {
    Status written = target.WriteAccessOf(**candidate, *tick);
    if (!written.ok()) return written;
    evicted.written.push_back({h, *tick});
    return true;
  }
  Status removed = target.RemoveCandidate(**candidate);
  if (!removed.ok()) return removed;
  evicted.removed.push_back(h);
  ++evicted.evictions;
  return true;
}

}  // namespace

bool IsOver(const Limits& limits, const Counts& counts) noexcept {
  return static_cast<uint64_t>(counts.entries) > limits.max_entries ||
         (limits.max_bytes &&
          static_cast<uint64_t>(counts.bytes) > *limits.max_bytes);
}

Status EvictToFit(EvictionTarget& target, const PendingAccesses& pending,
                  const Limits& limits, int64_t now_ms, uint64_t most,
                  Evicted& evicted) {
  bool may_have_expired = true;
  while (IsOver(limits, target.counts()) && evicted.removed.size() < most) {
    if (may_have_expired) {
      const Result<bool> removed = RemoveOneExpired(target, now_ms, evicted);
      if (!removed.ok()) return removed.status();
      may_have_expired = *removed;
      continue;
    }
    const Result<bool> progress = RemoveLeastRecent(target, pending, evicted);
    if (!progress.ok()) return progress.status();
    // The store is empty, so the counts were wrong: somebody else has written
    // to the tables.
    if (!*progress) target.SetCounts(Counts());
  }
  return Status();
}

Status RemoveExpired(EvictionTarget& target, int64_t now_ms, uint64_t most,
                     Evicted& evicted) {
  for (uint64_t removals = 0; removals < most; ++removals) {
    const Result<bool> removed = RemoveOneExpired(target, now_ms, evicted);
    if (!removed.ok()) return removed.status();
    if (!*removed) break;
  }
  return Status();
}

}  // namespace appcache::policy
