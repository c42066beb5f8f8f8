// PendingAccesses: the accesses that SQLite does not have yet, the latest of
// each entry.

#ifndef APPCACHE_ENGINE_POLICY_PENDING_ACCESSES_H_
#define APPCACHE_ENGINE_POLICY_PENDING_ACCESSES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::policy {

// An access of the entry with hash h.
struct Access {
  int64_t h;
  int64_t tick;
};

// Thread-safe. Its owner bounds it: it holds at most one access for each entry,
// and those of entries that were removed since the last flush.
class PendingAccesses {
 public:
  // Adds accesses; of one entry the latest counts. An access for which there is
  // no memory is lost, and counted: its entry may be evicted too early.
  void Add(std::span<const Access> accesses) noexcept APPCACHE_EXCLUDES(mutex_);

  // The latest pending access of an entry.
  std::optional<int64_t> Find(int64_t h) const APPCACHE_EXCLUDES(mutex_);

  // All of them, in the order of h, which is the order of SQLite's pages.
  std::vector<Access> Sorted() const APPCACHE_EXCLUDES(mutex_);

  // Gives accesses that are later than `tick` earlier ticks, of which `tick` is
  // the last. All keep their order; without memory for that, `tick`.
  void LimitTo(int64_t tick) noexcept APPCACHE_EXCLUDES(mutex_);

  // Removes accesses that have been written. A later access of the same entry
  // stays.
  void RemoveWritten(std::span<const Access> written) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // Removes the accesses of entries that no longer exist.
  void RemoveEntries(std::span<const int64_t> removed) noexcept
      APPCACHE_EXCLUDES(mutex_);

  size_t size() const APPCACHE_EXCLUDES(mutex_);

  // How many accesses were lost since the last call.
  uint64_t TakeLost() noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  mutable internal::Mutex mutex_;
  // By h.
  std::unordered_map<int64_t, int64_t> ticks_ APPCACHE_GUARDED_BY(mutex_);
  uint64_t lost_ APPCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_PENDING_ACCESSES_H_
