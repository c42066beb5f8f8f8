#include "tools/curve/stack_distances.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace appcache::curve {
namespace {

constexpr auto kMinusOne = static_cast<uint32_t>(-1);

}  // namespace

uint64_t StackDistances::Access(uint64_t key) {
  if (keys_.size() == tree_.size()) Compact();
  const size_t position = keys_.size();
  uint64_t distance = kFirst;
  const auto found = last_.find(key);
  if (found != last_.end()) {
    distance = DepthOf(found->second);
    if (holes_.empty()) {
      Mark(found->second, kMinusOne);
    } else {
      holes_.insert(found->second);  // until a hole above it takes its place
      FillHole();
    }
    found->second = position;
  } else {
    FillHole();
    last_.emplace(key, position);
  }
  keys_.push_back(key);
  Mark(position, 1);
  return distance;
}

void StackDistances::FillHole() {
  if (holes_.empty()) return;
  const auto topmost = std::prev(holes_.end());
  Mark(*topmost, kMinusOne);
  holes_.erase(topmost);
}

void StackDistances::Remove(uint64_t key) {
  const auto found = last_.find(key);
  if (found == last_.end()) return;
  holes_.insert(found->second);
  last_.erase(found);
}

uint64_t StackDistances::Take(uint64_t key) {
  const auto found = last_.find(key);
  if (found == last_.end()) return kFirst;
  const uint64_t distance = DepthOf(found->second);
  Mark(found->second, kMinusOne);
  last_.erase(found);
  return distance;
}

std::optional<uint64_t> StackDistances::RemoveDeepest() {
  for (;; ++deepest_) {
    assert(deepest_ < keys_.size());
    if (!holes_.empty() && *holes_.begin() == deepest_) {
      holes_.erase(holes_.begin());
      Mark(deepest_, kMinusOne);
      return std::nullopt;
    }
    const auto found = last_.find(keys_[deepest_]);
    if (found == last_.end() || found->second != deepest_) continue;
    Mark(deepest_, kMinusOne);
    last_.erase(found);
    return keys_[deepest_];
  }
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
  std::set<size_t> holes;
  for (size_t position = 1; position < keys_.size(); ++position) {
    if (!holes_.empty() && *holes_.begin() == position) {
      holes_.erase(holes_.begin());
      holes.insert(holes.end(), marked);
      keys_[marked++] = keys_[position];
      continue;
    }
    const auto found = last_.find(keys_[position]);
    if (found == last_.end() || found->second != position) continue;
    found->second = marked;
    keys_[marked++] = keys_[position];
  }
  holes_ = std::move(holes);
  deepest_ = 1;
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
