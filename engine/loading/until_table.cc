#include "engine/loading/until_table.h"

namespace appcache {

void UntilTable::Add(std::string_view path, TimePoint end) {
  if (path.size() > kMaxBytes) return;
  std::lock_guard<std::mutex> guard(mutex_);
  const auto old = ends_.find(path);
  if (old != ends_.end()) EraseLocked(old);
  const auto added = ends_.emplace(path, end).first;
  try {
    by_end_.emplace(end, added->first);
  } catch (...) {
    ends_.erase(added);
    throw;
  }
  bytes_ += path.size();
  while (ends_.size() > kMaxPaths || bytes_ > kMaxBytes) {
    EraseLocked(ends_.find(by_end_.begin()->second));
  }
  size_.store(ends_.size(), std::memory_order_release);
}

bool UntilTable::Holds(std::string_view path, TimePoint now) const {
  if (size_.load(std::memory_order_acquire) == 0) return false;
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = ends_.find(path);
  return found != ends_.end() && now < found->second;
}

void UntilTable::Erase(std::string_view path) noexcept {
  if (size_.load(std::memory_order_acquire) == 0) return;
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = ends_.find(path);
  if (found == ends_.end()) return;
  EraseLocked(found);
  size_.store(ends_.size(), std::memory_order_release);
}

void UntilTable::Clear() noexcept {
  if (size_.load(std::memory_order_acquire) == 0) return;
  std::lock_guard<std::mutex> guard(mutex_);
  by_end_.clear();
  ends_.clear();
  bytes_ = 0;
  size_.store(0, std::memory_order_release);
}

void UntilTable::EraseLocked(Ends::iterator found) noexcept {
  bytes_ -= found->first.size();
  by_end_.erase({found->second, found->first});
  ends_.erase(found);
}

}  // namespace appcache
