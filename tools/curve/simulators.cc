#include "tools/curve/simulators.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <utility>
#include <vector>

namespace appcache::curve {
namespace {

using Operation = Access::Operation;

size_t KeysOf(std::span<const Access> trace) {
  size_t keys = 0;
  for (const Access& access : trace) {
    keys = std::max(keys, size_t{access.key} + 1);
  }
  return keys;
}

// A queue of keys, from which any key can be removed. What is removed stays in
// the queue until it is at the front; its stamp is then an old one.
class Queue {
 public:
  // `stamps`, one for each key, is shared by the queues that a key moves
  // between, and must outlive this object.
  explicit Queue(std::vector<uint32_t>& stamps) : stamps_(stamps) {}

  uint64_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  void Push(uint32_t key) {
    slots_.push_back({key, stamps_[key]});
    ++size_;
  }
  // REQUIRES: !empty().
  uint32_t Pop() {
    while (slots_.front().stamp != stamps_[slots_.front().key]) {
      slots_.pop_front();
    }
    const uint32_t key = slots_.front().key;
    slots_.pop_front();
    --size_;
    return key;
  }
  // REQUIRES: the key is in this queue.
  void Remove(uint32_t key) {
    ++stamps_[key];
    --size_;
  }

 private:
  struct Slot {
    uint32_t key;
    uint32_t stamp;
  };

  std::vector<uint32_t>& stamps_;
  std::deque<Slot> slots_;
  uint64_t size_ = 0;  // without what was removed
};

// The hits of a simulated cache.
template <class Simulated>
uint64_t CountHits(std::span<const Access> trace, Simulated& cache) {
  uint64_t hits = 0;
  for (const Access& access : trace) {
    if (access.operation == Operation::kRemove) {
      cache.Remove(access.key);
    } else if (cache.Touch(access.key)) {
      hits += access.operation == Operation::kRequest ? 1 : 0;
    }
  }
  return hits;
}

class Fifo {
 public:
  Fifo(size_t keys, uint64_t capacity)
      : capacity_(capacity), is_in_(keys), stamps_(keys), queue_(stamps_) {}

  // Whether the key was there. It is afterwards.
  bool Touch(uint32_t key) {
    if (is_in_[key]) return true;
    if (queue_.size() == capacity_) is_in_[queue_.Pop()] = false;
    queue_.Push(key);
    is_in_[key] = true;
    return false;
  }
  void Remove(uint32_t key) {
    if (!is_in_[key]) return;
    queue_.Remove(key);
    is_in_[key] = false;
  }

 private:
  const uint64_t capacity_;
  std::vector<bool> is_in_;
  std::vector<uint32_t> stamps_;
  Queue queue_;
};

class S3Fifo {
 public:
  S3Fifo(size_t keys, uint64_t capacity)
      : small_capacity_(std::max<uint64_t>(capacity / 10, 1)),
        main_capacity_(capacity - std::min(small_capacity_, capacity)),
        capacity_(capacity),
        states_(keys),
        stamps_(keys),
        small_(stamps_),
        main_(stamps_) {}

  // Whether the key was there. It is afterwards.
  bool Touch(uint32_t key) {
    State& state = states_[key];
    if (state.place == Place::kSmall || state.place == Place::kMain) {
      state.uses = std::min(state.uses + 1, kMostUses);
      return true;
    }
    while (small_.size() + main_.size() >= capacity_) Evict();
    if (state.ghosts > 0 && state.place == Place::kGhost) {
      Insert(main_, key, Place::kMain);
    } else {
      Insert(small_, key, Place::kSmall);
    }
    return false;
  }

  void Remove(uint32_t key) {
    State& state = states_[key];
    if (state.place == Place::kSmall) {
      small_.Remove(key);
    } else if (state.place == Place::kMain) {
      main_.Remove(key);
    } else {
      return;
    }
    state.place = Place::kNone;
  }

 private:
  static constexpr int kMostUses = 3;
  enum class Place : uint8_t { kNone, kSmall, kMain, kGhost };
  struct State {
    Place place = Place::kNone;
    int uses = 0;
    // How often the key is in the ghost queue: one that was used again stays
    // there until it reaches the front.
    uint32_t ghosts = 0;
  };

  void Insert(Queue& queue, uint32_t key, Place place) {
    queue.Push(key);
    states_[key].place = place;
    states_[key].uses = 0;
  }

  void Evict() {
    if (small_.size() >= small_capacity_ || main_.empty()) {
      EvictFromSmall();
    } else {
      EvictFromMain();
    }
  }

  void EvictFromSmall() {
    while (!small_.empty()) {
      const uint32_t key = small_.Pop();
      if (states_[key].uses > 1) {
        Insert(main_, key, Place::kMain);
        if (main_.size() > main_capacity_) EvictFromMain();
        continue;
      }
      states_[key].place = Place::kGhost;
      AddGhost(key);
      return;
    }
  }

  void EvictFromMain() {
    for (;;) {
      const uint32_t key = main_.Pop();
      State& state = states_[key];
      if (state.uses == 0) {
        state.place = Place::kNone;
        return;
      }
      --state.uses;
      main_.Push(key);
    }
  }

  void AddGhost(uint32_t key) {
    ghosts_.push_back(key);
    ++states_[key].ghosts;
    if (ghosts_.size() <= main_capacity_) return;
    State& oldest = states_[ghosts_.front()];
    ghosts_.pop_front();
    if (--oldest.ghosts == 0 && oldest.place == Place::kGhost) {
      oldest.place = Place::kNone;
    }
  }

  const uint64_t small_capacity_;
  const uint64_t main_capacity_;
  const uint64_t capacity_;
  std::vector<State> states_;
  std::vector<uint32_t> stamps_;
  Queue small_;
  Queue main_;
  std::deque<uint32_t> ghosts_;
};

// By access: the number of the access that the entry waits for, if that is a
// request; the length of the trace without one.
std::vector<size_t> NextRequests(std::span<const Access> trace) {
  std::vector<size_t> next(trace.size());
  std::vector<size_t> seen(KeysOf(trace), trace.size());
  for (size_t i = trace.size(); i-- > 0;) {
    const bool is_request = trace[i].operation == Operation::kRequest;
    next[i] = std::exchange(seen[trace[i].key], is_request ? i : trace.size());
  }
  return next;
}

class Optimal {
 public:
  Optimal(size_t keys, uint64_t capacity) : capacity_(capacity), due_(keys) {}

  // Whether the key was there. It is afterwards, and waits for the access
  // `next` > 0.
  bool Touch(uint32_t key, size_t next) {
    const bool is_there = due_[key] != 0;
    if (!is_there && entries_++ == capacity_) Evict();
    due_[key] = next;
    order_.push({next, key});
    return is_there;
  }
  void Remove(uint32_t key) {
    if (due_[key] == 0) return;
    due_[key] = 0;
    --entries_;
  }

 private:
  void Evict() {
    while (due_[order_.top().second] != order_.top().first) order_.pop();
    due_[order_.top().second] = 0;
    order_.pop();
    --entries_;
  }

  const uint64_t capacity_;
  uint64_t entries_ = 0;
  std::vector<size_t> due_;  // of what is in the cache, else 0
  // By the next request, last first. Has every entry, and what was true of it
  // before.
  std::priority_queue<std::pair<size_t, uint32_t>> order_;
};

}  // namespace

uint64_t FifoHits(std::span<const Access> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  Fifo cache(KeysOf(trace), capacity);
  return CountHits(trace, cache);
}

uint64_t S3FifoHits(std::span<const Access> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  S3Fifo cache(KeysOf(trace), capacity);
  return CountHits(trace, cache);
}

uint64_t OptimalHits(std::span<const Access> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  const std::vector<size_t> next = NextRequests(trace);
  Optimal cache(KeysOf(trace), capacity);
  uint64_t hits = 0;
  for (size_t i = 0; i < trace.size(); ++i) {
    const auto& [key, operation] = trace[i];
    if (operation == Operation::kRemove) {
      cache.Remove(key);
    } else if (cache.Touch(key, next[i])) {
      hits += operation == Operation::kRequest ? 1 : 0;
    }
  }
  return hits;
}

}  // namespace appcache::curve
