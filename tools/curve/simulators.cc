#include "tools/curve/simulators.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <utility>
#include <vector>

namespace appcache::curve {
namespace {

size_t KeysOf(std::span<const uint32_t> trace) {
  const auto largest = std::max_element(trace.begin(), trace.end());
  return largest == trace.end() ? 0 : size_t{*largest} + 1;
}

class S3Fifo {
 public:
  S3Fifo(size_t keys, uint64_t capacity)
      : small_capacity_(std::max<uint64_t>(capacity / 10, 1)),
        main_capacity_(capacity - std::min(small_capacity_, capacity)),
        capacity_(capacity),
        states_(keys) {}

  // Whether it is a hit.
  bool Request(uint32_t key) {
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

  void Insert(std::deque<uint32_t>& queue, uint32_t key, Place place) {
    queue.push_back(key);
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
      const uint32_t key = small_.front();
      small_.pop_front();
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
      const uint32_t key = main_.front();
      main_.pop_front();
      State& state = states_[key];
      if (state.uses == 0) {
        state.place = Place::kNone;
        return;
      }
      --state.uses;
      main_.push_back(key);
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
  std::deque<uint32_t> small_;
  std::deque<uint32_t> main_;
  std::deque<uint32_t> ghosts_;
};

}  // namespace

uint64_t FifoHits(std::span<const uint32_t> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  std::vector<bool> is_in(KeysOf(trace));
  std::deque<uint32_t> queue;
  uint64_t hits = 0;
  for (const uint32_t key : trace) {
    if (is_in[key]) {
      ++hits;
      continue;
    }
    if (queue.size() == capacity) {
      is_in[queue.front()] = false;
      queue.pop_front();
    }
    queue.push_back(key);
    is_in[key] = true;
  }
  return hits;
}

uint64_t S3FifoHits(std::span<const uint32_t> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  S3Fifo cache(KeysOf(trace), capacity);
  uint64_t hits = 0;
  for (const uint32_t key : trace) hits += cache.Request(key) ? 1 : 0;
  return hits;
}

uint64_t OptimalHits(std::span<const uint32_t> trace, uint64_t capacity) {
  if (capacity == 0) return 0;
  // The next request of the same key, by request; the length without one.
  std::vector<size_t> next(trace.size());
  std::vector<size_t> seen(KeysOf(trace), trace.size());
  for (size_t i = trace.size(); i-- > 0;) {
    next[i] = std::exchange(seen[trace[i]], i);
  }
  // By the next request, last first. An entry that was requested again is also
  // there with its new one; the old one has passed.
  std::priority_queue<std::pair<size_t, uint32_t>> order;
  std::vector<size_t> due(seen.size(), 0);  // of what is in the cache, else 0
  size_t entries = 0;
  uint64_t hits = 0;
  for (size_t i = 0; i < trace.size(); ++i) {
    const uint32_t key = trace[i];
    if (due[key] != 0) {
      ++hits;
    } else if (entries < capacity) {
      ++entries;
    } else {
      while (due[order.top().second] != order.top().first) order.pop();
      due[order.top().second] = 0;
      order.pop();
    }
    due[key] = next[i];
    order.push({next[i], key});
  }
  return hits;
}

}  // namespace appcache::curve
