#include "engine/loading/expiring_key_set.h"

namespace appcache::internal {

void ExpiringKeySet::Add(std::string_view path, TimePoint expiry) {
  if (path.size() > kMaxBytes) return;
  MutexLock guard(mutex_);
  const auto old = expiries_.find(path);
  if (old != expiries_.end()) EraseLocked(old);
  const auto added = expiries_.emplace(path, expiry).first;
  try {
    by_expiry_.emplace(expiry, added->first);
  } catch (...) {
    expiries_.erase(added);
    throw;
  }
  bytes_ += path.size();
  while (expiries_.size() > kMaxPaths || bytes_ > kMaxBytes) {
    EraseLocked(expiries_.find(by_expiry_.begin()->second));
  }
  size_.store(expiries_.size(), std::memory_order_release);
}

bool ExpiringKeySet::Contains(std::string_view path, TimePoint now) const {
  if (size_.load(std::memory_order_acquire) == 0) return false;
  MutexLock guard(mutex_);
  const auto found = expiries_.find(path);
  return found != expiries_.end() && now < found->second;
}

void ExpiringKeySet::Erase(std::string_view path) noexcept {
  if (size_.load(std::memory_order_acquire) == 0) return;
  MutexLock guard(mutex_);
  const auto found = expiries_.find(path);
  if (found == expiries_.end()) return;
  EraseLocked(found);
  size_.store(expiries_.size(), std::memory_order_release);
}

void ExpiringKeySet::Clear() noexcept {
  if (size_.load(std::memory_order_acquire) == 0) return;
  MutexLock guard(mutex_);
  by_expiry_.clear();
  expiries_.clear();
  bytes_ = 0;
  size_.store(0, std::memory_order_release);
}

void ExpiringKeySet::EraseLocked(Expiries::iterator found) noexcept {
  bytes_ -= found->first.size();
  by_expiry_.erase({found->second, found->first});
  expiries_.erase(found);
}

}  // namespace appcache::internal
