#include "tools/curve/stack_distances.h"

#include <algorithm>

namespace appcache::curve {

uint64_t StackDistances::Access(uint64_t key) {
  if (keys_.size() == tree_.size()) Compact();
  const size_t position = keys_.size();
  const auto [found, is_first] = last_.try_emplace(key, position);
  uint64_t distance = kFirst;
  if (!is_first) {
    // Its own mark, and those of the keys that were accessed since.
    distance = last_.size() - MarksUpTo(found->second) + 1;
    Mark(found->second, static_cast<uint32_t>(-1));
    found->second = position;
  }
  keys_.push_back(key);
  Mark(position, 1);
  return distance;
}

bool StackDistances::Remove(uint64_t key) {
  const auto found = last_.find(key);
  if (found == last_.end()) return false;
  Mark(found->second, static_cast<uint32_t>(-1));
  last_.erase(found);
  return true;
}

void StackDistances::Mark(size_t position, uint32_t delta) noexcept {
  for (; position < tree_.size(); position += position & (~position + 1)) {
    tree_[position] += delta;
  }
}

uint64_t StackDistances::MarksUpTo(size_t position) const noexcept {
  uint64_t marks = 0;
  for (; position > 0; position &= position - 1) marks += tree_[position];
  return marks;
}

void StackDistances::Compact() {
  constexpr size_t kLeast = 1024;
  size_t marked = 1;
  for (size_t position = 1; position < keys_.size(); ++position) {
    const auto found = last_.find(keys_[position]);
    if (found == last_.end() || found->second != position) continue;
    found->second = marked;
    keys_[marked++] = keys_[position];
  }
  keys_.resize(marked);
  const size_t positions = std::max(kLeast, 2 * marked);
  keys_.reserve(positions);
  tree_.assign(positions, 0);
  for (size_t i = 1; i < positions; ++i) {
    tree_[i] += i < marked ? 1 : 0;
    const size_t parent = i + (i & (~i + 1));
    if (parent < positions) tree_[parent] += tree_[i];
  }
}

}  // namespace appcache::curve
