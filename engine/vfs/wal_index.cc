#include "engine/vfs/wal_index.h"

#include <new>

namespace appcache::vfs {

WalIndex::Found WalIndex::Region(size_t index, bool extend,
                                 void*& region) noexcept {
  region = nullptr;
  try {
    internal::MutexLock guard(mutex_);
    if (index >= regions_.size() && !extend) return Found::kAbsent;
    while (index >= regions_.size()) {
      regions_.push_back(std::make_unique<std::byte[]>(kRegionBytes));
    }
    region = regions_[index].get();
    return Found::kRegion;
  } catch (const std::bad_alloc&) {
    return Found::kNoMemory;
  }
}

bool WalIndex::is_initialised() const noexcept {
  constexpr size_t kIsInit = 12;
  internal::MutexLock guard(mutex_);
  if (regions_.empty()) return false;
  const auto* const at =
      reinterpret_cast<const unsigned char*>(regions_[0].get()) + kIsInit;
  return __atomic_load_n(at, __ATOMIC_RELAXED) != 0;
}

void WalIndex::Clear() noexcept {
  internal::MutexLock guard(mutex_);
  regions_.clear();
}

size_t WalIndex::allocated_bytes() const noexcept {
  internal::MutexLock guard(mutex_);
  return regions_.size() * kRegionBytes;
}

}  // namespace appcache::vfs
