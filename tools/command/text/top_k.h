// TopK: selects the best `limit` of any number of items, in O(limit) memory.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_TOP_K_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_TOP_K_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace appcache::command {

// better(a, b) is a strict weak order: true when `a` ranks above `b`.
template <class T, class Better>
class TopK {
 public:
  TopK(size_t limit, Better better)
      : limit_(limit), better_(std::move(better)) {}

  // Copies `item` only if it is among the best so far.
  void Offer(const T& item) {
    if (limit_ == 0) return;
    if (heap_.size() == limit_) {
      // The front of a heap ordered by better_ is the worst item kept.
      if (!better_(item, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), better_);
      heap_.back() = item;
    } else {
      heap_.push_back(item);
    }
    std::push_heap(heap_.begin(), heap_.end(), better_);
  }

  // The selected items, best first. Leaves the TopK empty.
  std::vector<T> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), better_);
    return std::exchange(heap_, {});
  }

 private:
  const size_t limit_;
  const Better better_;
  std::vector<T> heap_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_TOP_K_H_
