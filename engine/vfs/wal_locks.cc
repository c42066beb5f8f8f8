#include "engine/vfs/wal_locks.h"

#include <cassert>
#include <vector>

namespace appcache::vfs {

void WalLocks::Add(Holder& holder) {
  internal::MutexLock guard(mutex_);
  holders_.push_back(&holder);
}

void WalLocks::Remove(Holder& holder) noexcept {
  Unlock(holder, MaskOf(0, kCount));
  internal::MutexLock guard(mutex_);
  std::erase(holders_, &holder);
}

bool WalLocks::LockShared(Holder& holder, Mask locks) noexcept {
  const Mask missing = static_cast<Mask>(locks & ~holder.shared());
  if (missing == 0) return true;
  holder.shared_.fetch_or(missing, std::memory_order_seq_cst);
  if ((exclusive_.load(std::memory_order_seq_cst) & missing) == 0) return true;
  holder.shared_.fetch_and(static_cast<Mask>(~missing),
                           std::memory_order_release);
  return false;
}

bool WalLocks::LockExclusive(Holder& holder, Mask locks) noexcept {
  // Excludes others who want an exclusive lock, and changes of holders_.
  internal::MutexLock guard(mutex_);
  if ((exclusive_.load(std::memory_order_acquire) & locks) != 0) return false;
  exclusive_.fetch_or(locks, std::memory_order_seq_cst);
  for (const Holder* const other : holders_) {
    if ((other->shared_.load(std::memory_order_seq_cst) & locks) == 0) continue;
    exclusive_.fetch_and(static_cast<Mask>(~locks), std::memory_order_release);
    return false;
  }
  holder.exclusive_ |= locks;
  return true;
}

void WalLocks::Unlock(Holder& holder, Mask locks) noexcept {
  const Mask shared = holder.shared() & locks;
  if (shared != 0) {
    holder.shared_.fetch_and(static_cast<Mask>(~shared),
                             std::memory_order_release);
  }
  const Mask exclusive = holder.exclusive_ & locks;
  if (exclusive != 0) {
    holder.exclusive_ &= static_cast<Mask>(~exclusive);
    exclusive_.fetch_and(static_cast<Mask>(~exclusive),
                         std::memory_order_release);
  }
  assert((holder.shared() & holder.exclusive_) == 0);
}

}  // namespace appcache::vfs
