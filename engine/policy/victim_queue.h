// VictimQueue: the entries with the oldest accesses, exactly, without an order
// that every access maintains.
//
// An access only stores its tick. When a victim is needed and the queue is
// empty, it is filled: with every entry whose tick is not larger than a
// threshold, in the order of their ticks. Entries outside of the queue have
// larger ticks, and an access makes a tick larger, so the front of the queue is
// the least recently used entry unless it was accessed since. Its owner
// checks that (an entry in the queue with another tick than its record is
// skipped) and the next filling finds it in its new place.
//
// Cost: a filling reads all ticks twice, in the order of memory (a millisecond
// for a million), and yields about a quarter of the entries, at most some
// thousand. A larger share would be read in vain, because many of its entries
// are used again before they are the oldest.

#ifndef APPCACHE_ENGINE_POLICY_VICTIM_QUEUE_H_
#define APPCACHE_ENGINE_POLICY_VICTIM_QUEUE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace appcache::policy {

// Not thread-safe. Allocates in the constructor only, so that an eviction needs
// no memory.
class VictimQueue {
 public:
  struct Victim {
    int64_t tick;
    int64_t h;
  };

  // For a cache of at most `max_entries`. Throws std::bad_alloc.
  explicit VictimQueue(uint64_t max_entries)
      : capacity_(static_cast<size_t>(
            std::clamp<uint64_t>(max_entries / kShare * 2, kLeast, kMost))) {
    victims_.reserve(capacity_);
  }

  // The next victim; null when the queue is empty. Pop removes it.
  const Victim* Front() const noexcept {
    return next_ < victims_.size() ? &victims_[next_] : nullptr;
  }
  void Pop() noexcept { ++next_; }

  // An entry has got a tick that is not larger than all others: the queue may
  // lack it.
  void Forget() noexcept {
    victims_.clear();
    next_ = 0;
  }

  // Fills the queue. `walk(visit)` calls visit(tick, h_of) for each entry, at
  // most about `most`, in the same order in both of two calls; ticks may change
  // between them. `h_of()`, the h of the entry, is called for few. False if
  // there is none.
  // The queue takes ticks of at most `newest`. If that is the tick of an access
  // that begins now, what is accessed during the walk stays outside.
  template <class Walk>
  bool Fill(size_t most, const Walk& walk,
            int64_t newest = std::numeric_limits<int64_t>::max()) {
    Forget();
    int64_t limit = std::min(newest, ChooseThreshold(most, walk));
    walk([&](int64_t tick, const auto& h_of) {
      if (tick > limit) return;
      if (victims_.size() == capacity_) limit = DropNewerHalf();
      if (tick <= limit) victims_.push_back({tick, h_of()});
    });
    std::sort(victims_.begin(), victims_.end(), IsOlder);
    return !victims_.empty();
  }

 private:
  static constexpr uint64_t kShare = 4;
  static constexpr uint64_t kLeast = 32;
  static constexpr uint64_t kMost = 16384;
  static constexpr size_t kSamples = 256;

  static bool IsOlder(const Victim& a, const Victim& b) noexcept {
    return a.tick != b.tick ? a.tick < b.tick : a.h < b.h;
  }

  // A tick such that about half of the capacity is not larger. Any would be
  // right; none is smaller than that of the oldest sample.
  template <class Walk>
  int64_t ChooseThreshold(size_t most, const Walk& walk) {
    if (most <= capacity_) return std::numeric_limits<int64_t>::max();
    std::array<int64_t, kSamples> samples;
    size_t taken = 0;
    const size_t stride = most / kSamples + 1;
    size_t to_skip = 0;
    size_t count = 0;
    walk([&](int64_t tick, const auto&) {
      ++count;
      if (to_skip-- > 0) return;
      to_skip = stride - 1;
      if (taken < kSamples) samples[taken++] = tick;
    });
    if (count <= capacity_) return std::numeric_limits<int64_t>::max();
    const size_t rank = std::min(taken - 1, taken * (capacity_ / 2) / count);
    std::nth_element(samples.begin(), samples.begin() + rank,
                     samples.begin() + taken);
    return samples[rank];
  }

  // Makes room when more entries are old than was expected. The new limit.
  int64_t DropNewerHalf() noexcept {
    const auto middle = victims_.begin() + victims_.size() / 2;
    std::nth_element(victims_.begin(), middle, victims_.end(), IsOlder);
    const int64_t limit = middle->tick;
    victims_.erase(middle, victims_.end());
    return limit - 1;
  }

  const size_t capacity_;
  std::vector<Victim> victims_;
  size_t next_ = 0;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_VICTIM_QUEUE_H_
