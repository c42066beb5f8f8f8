#include "engine/policy/eviction.h"

namespace appcache::policy {
namespace {

// Removes the entry whose ttl ended first. False when there is none.
Result<bool> RemoveOneExpired(store::Writer& writer, int64_t now_ms,
                              Evicted& evicted) {
  const auto first = writer.FirstToExpire();
  if (!first.ok()) return first.status();
  if (!*first || (*first)->expires_at_ms > now_ms) return false;
  Status removed = writer.Remove((*first)->h);
  if (!removed.ok()) return removed;
  evicted.removed.push_back((*first)->h);
  ++evicted.expirations;
  return true;
}

// Removes the least recently used entry, or writes its pending use and removes
// none. False when there is no entry at all.
Result<bool> RemoveOneOldest(store::Writer& writer,
                             const PendingTouches& pending, Evicted& evicted) {
  const auto oldest = writer.Oldest();
  if (!oldest.ok()) return oldest.status();
  if (!*oldest) return false;
  const std::optional<int64_t> tick = pending.Find((*oldest)->h);
  if (tick && *tick > (*oldest)->last_used) {
    Status status = writer.Touch((*oldest)->h, *tick);
    if (!status.ok()) return status;
    evicted.written.push_back({(*oldest)->h, *tick});
    return true;
  }
  Status removed = writer.Remove(**oldest);
  if (!removed.ok()) return removed;
  evicted.removed.push_back((*oldest)->h);
  ++evicted.evictions;
  return true;
}

}  // namespace

bool IsOver(const Limits& limits, const store::Counts& counts) noexcept {
  return static_cast<uint64_t>(counts.entries) > limits.max_entries ||
         (limits.max_bytes &&
          static_cast<uint64_t>(counts.bytes) > *limits.max_bytes);
}

Status EvictToFit(store::Writer& writer, const PendingTouches& pending,
                  const Limits& limits, int64_t now_ms, uint64_t most,
                  Evicted& evicted) {
  bool expired_left = true;
  while (IsOver(limits, writer.counts()) && evicted.removed.size() < most) {
    if (expired_left) {
      const Result<bool> removed = RemoveOneExpired(writer, now_ms, evicted);
      if (!removed.ok()) return removed.status();
      expired_left = *removed;
      continue;
    }
    const Result<bool> moved = RemoveOneOldest(writer, pending, evicted);
    if (!moved.ok()) return moved.status();
    // No entry is left: the counts were wrong (someone else wrote to the
    // tables), and now it is known what they are.
    if (!*moved) writer.SetCounts(store::Counts());
  }
  return Status();
}

Status RemoveExpired(store::Writer& writer, int64_t now_ms, uint64_t most,
                     Evicted& evicted) {
  for (uint64_t removals = 0; removals < most; ++removals) {
    const Result<bool> removed = RemoveOneExpired(writer, now_ms, evicted);
    if (!removed.ok()) return removed.status();
    if (!*removed) break;
  }
  return Status();
}

}  // namespace appcache::policy
