#include "engine/vfs/file_locks.h"

#include <cassert>

namespace appcache::vfs {

bool FileLocks::Lock(Holder& holder, Level level) noexcept {
  internal::MutexLock guard(mutex_);
  if (holder.level_ >= level) return true;
  const bool other_writes = writer_ != nullptr && writer_ != &holder;
  if (level == kShared) {
    if (other_writes && writer_->level_ >= kPending) return false;
    ++readers_;
    holder.level_ = kShared;
    return true;
  }
  assert(holder.level_ != kNone);
  if (other_writes) return false;
  writer_ = &holder;
  if (level == kExclusive && readers_ > 1) {
    holder.level_ = kPending;
    return false;
  }
  holder.level_ = level;
  return true;
}

void FileLocks::Unlock(Holder& holder, Level level) noexcept {
  assert(level <= kShared);
  internal::MutexLock guard(mutex_);
  if (holder.level_ <= level) return;
  if (writer_ == &holder) writer_ = nullptr;
  if (level == kNone) --readers_;
  holder.level_ = level;
}

bool FileLocks::IsReserved() const noexcept {
  internal::MutexLock guard(mutex_);
  return writer_ != nullptr;
}

}  // namespace appcache::vfs
