#include "engine/policy/pending_accesses.h"

#include <algorithm>
#include <new>

namespace appcache::policy {

void PendingAccesses::Add(std::span<const Access> accesses) noexcept {
  internal::MutexLock guard(mutex_);
  for (const Access& access : accesses) {
    const auto found = ticks_.find(access.h);
    if (found != ticks_.end()) {
      found->second = std::max(found->second, access.tick);
      continue;
    }
    try {
      ticks_.emplace(access.h, access.tick);
    } catch (const std::bad_alloc&) {
      ++lost_;
    }
  }
}

std::optional<int64_t> PendingAccesses::Find(int64_t h) const {
  internal::MutexLock guard(mutex_);
  const auto found = ticks_.find(h);
  if (found == ticks_.end()) return std::nullopt;
  return found->second;
}

std::vector<Access> PendingAccesses::Sorted() const {
  std::vector<Access> accesses;
  {
    internal::MutexLock guard(mutex_);
    accesses.reserve(ticks_.size());
    for (const auto& [h, tick] : ticks_) accesses.push_back({h, tick});
  }
  std::sort(accesses.begin(), accesses.end(),
            [](const Access& a, const Access& b) { return a.h < b.h; });
  return accesses;
}

void PendingAccesses::LimitTo(int64_t tick) noexcept {
  internal::MutexLock guard(mutex_);
  std::vector<int64_t*> latest_first;
  try {
    latest_first.reserve(ticks_.size());
  } catch (const std::bad_alloc&) {
    for (auto& [h, pending] : ticks_) pending = std::min(pending, tick);
    return;
  }
  for (auto& [h, pending] : ticks_) latest_first.push_back(&pending);
  std::sort(latest_first.begin(), latest_first.end(),
            [](const int64_t* a, const int64_t* b) { return *a > *b; });
  for (int64_t* const pending : latest_first) {
    if (*pending <= tick) break;
    *pending = tick;
    tick = *pending - 1;
  }
}

void PendingAccesses::RemoveWritten(std::span<const Access> written) noexcept {
  if (written.empty()) return;
  internal::MutexLock guard(mutex_);
  for (const Access& access : written) {
    const auto found = ticks_.find(access.h);
    if (found != ticks_.end() && found->second <= access.tick) {
      ticks_.erase(found);
    }
  }
}

void PendingAccesses::RemoveEntries(std::span<const int64_t> removed) noexcept {
  if (removed.empty()) return;
  internal::MutexLock guard(mutex_);
  for (const int64_t h : removed) ticks_.erase(h);
}

size_t PendingAccesses::size() const {
  internal::MutexLock guard(mutex_);
  return ticks_.size();
}

uint64_t PendingAccesses::TakeLost() noexcept {
  internal::MutexLock guard(mutex_);
  return std::exchange(lost_, 0);
}

}  // namespace appcache::policy
