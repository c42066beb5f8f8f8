#include "engine/policy/pending_touches.h"

#include <algorithm>
#include <new>

namespace appcache::policy {

size_t PendingTouches::Add(std::span<const Touch> touches) noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  size_t dropped = 0;
  for (const Touch& touch : touches) {
    const auto found = ticks_.find(touch.h);
    if (found != ticks_.end()) {
      found->second = std::max(found->second, touch.tick);
      continue;
    }
    try {
      ticks_.emplace(touch.h, touch.tick);
    } catch (const std::bad_alloc&) {
      ++dropped;
    }
  }
  return dropped;
}

std::optional<int64_t> PendingTouches::Find(int64_t h) const {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = ticks_.find(h);
  if (found == ticks_.end()) return std::nullopt;
  return found->second;
}

std::vector<Touch> PendingTouches::Sorted() const {
  std::vector<Touch> touches;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    touches.reserve(ticks_.size());
    for (const auto& [h, tick] : ticks_) touches.push_back({h, tick});
  }
  std::sort(touches.begin(), touches.end(),
            [](const Touch& a, const Touch& b) { return a.h < b.h; });
  return touches;
}

void PendingTouches::Forget(std::span<const Touch> written) noexcept {
  if (written.empty()) return;
  std::lock_guard<std::mutex> guard(mutex_);
  for (const Touch& touch : written) {
    const auto found = ticks_.find(touch.h);
    if (found != ticks_.end() && found->second <= touch.tick) {
      ticks_.erase(found);
    }
  }
}

void PendingTouches::Erase(std::span<const int64_t> removed) noexcept {
  if (removed.empty()) return;
  std::lock_guard<std::mutex> guard(mutex_);
  for (const int64_t h : removed) ticks_.erase(h);
}

size_t PendingTouches::size() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return ticks_.size();
}

}  // namespace appcache::policy
