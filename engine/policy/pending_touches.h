// PendingTouches: uses that SQLite does not know of yet, one per entry.

#ifndef APPCACHE_ENGINE_POLICY_PENDING_TOUCHES_H_
#define APPCACHE_ENGINE_POLICY_PENDING_TOUCHES_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace appcache::policy {

// A use of the entry with hash h.
struct Touch {
  int64_t h;
  int64_t tick;
};

// Thread-safe.
class PendingTouches {
 public:
  // Adds touches; of one entry the latest counts. Returns how many were dropped
  // for want of memory. Bounded by its owner: there are as many as there are
  // entries, and those of entries that went since the last flush.
  size_t Add(std::span<const Touch> touches) noexcept;

  // The pending use of an entry.
  std::optional<int64_t> Find(int64_t h) const;

  // All of them, in the order of h, which is that of SQLite's pages.
  std::vector<Touch> Sorted() const;

  // These have been written; a later use of the same entry stays.
  void Forget(std::span<const Touch> written) noexcept;

  // These entries are gone.
  void Erase(std::span<const int64_t> removed) noexcept;

  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, int64_t> ticks_;  // by h; guarded by mutex_
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_PENDING_TOUCHES_H_
