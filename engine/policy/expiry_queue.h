// ExpiryQueue: which entry expires first.
//
// A binary heap of expiry times. It is corrected when it is read: an item whose
// entry is gone, or expires at another time now, is skipped.

#ifndef APPCACHE_ENGINE_POLICY_EXPIRY_QUEUE_H_
#define APPCACHE_ENGINE_POLICY_EXPIRY_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace appcache::policy {

// Not thread-safe.
class ExpiryQueue {
 public:
  struct Item {
    int64_t expires_at_ms;
    int64_t h;
  };

  // Makes room for `more` items. `is_current(item)` says whether an item still
  // says when its entry expires; when the queue is full, the others are removed
  // first. Throws std::bad_alloc.
  template <class IsCurrent>
  void Reserve(size_t more, const IsCurrent& is_current) {
    if (items_.size() + more <= items_.capacity()) return;
    std::erase_if(items_, [&](const Item& item) { return !is_current(item); });
    // Those of an entry that was set again to the same time, too. What is
    // sorted is a heap.
    std::sort(items_.begin(), items_.end(),
              [](const Item& a, const Item& b) { return IsLater(b, a); });
    items_.erase(std::unique(items_.begin(), items_.end(),
                             [](const Item& a, const Item& b) {
                               return a.h == b.h &&
                                      a.expires_at_ms == b.expires_at_ms;
                             }),
                 items_.end());
    // If most were current, so that this happens seldom.
    if (items_.size() + more > items_.capacity() / 2) {
      items_.reserve(std::max(2 * items_.capacity(), items_.size() + more));
    }
  }

  // REQUIRES: Reserve.
  void Add(const Item& item) noexcept {
    items_.push_back(item);
    std::push_heap(items_.begin(), items_.end(), IsLater);
  }

  // The first item; null when there is none.
  const Item* First() const noexcept {
    return items_.empty() ? nullptr : &items_.front();
  }
  void RemoveFirst() noexcept {
    std::pop_heap(items_.begin(), items_.end(), IsLater);
    items_.pop_back();
  }

  // Does not free memory.
  void Clear() noexcept { items_.clear(); }

  size_t memory_bytes() const noexcept {
    return items_.capacity() * sizeof(Item);
  }

 private:
  static bool IsLater(const Item& a, const Item& b) noexcept {
    return a.expires_at_ms != b.expires_at_ms
               ? a.expires_at_ms > b.expires_at_ms
               : a.h > b.h;
  }

  std::vector<Item> items_;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_EXPIRY_QUEUE_H_
