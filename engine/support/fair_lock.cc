#include "engine/support/fair_lock.h"

#include <cassert>

namespace appcache::internal {
namespace {

// Release transfers the lock to a waiter that has waited this long.
constexpr std::chrono::milliseconds kPatience{1};

}  // namespace

void FairLock::Append(Waiter& waiter) noexcept {
  Waiter** end = &first_waiter_;
  while (*end != nullptr) end = &(*end)->next;
  *end = &waiter;
}

void FairLock::Remove(const Waiter& waiter) noexcept {
  Waiter** at = &first_waiter_;
  while (*at != &waiter) {
    assert(*at != nullptr);
    at = &(*at)->next;
  }
  *at = waiter.next;
}

void FairLock::Acquire() noexcept {
  while (
      !AcquireUntil(std::chrono::steady_clock::now() + std::chrono::hours(1))) {
  }
}

bool FairLock::AcquireUntil(TimePoint deadline) noexcept {
  return AcquireUntil(deadline, [] { return false; });
}

bool FairLock::AcquireUntil(TimePoint deadline,
                            FunctionRef<bool()> gives_up) noexcept {
  UniqueMutexLock lock(mutex_);
  if (!is_taken_) {
    is_taken_ = true;
    return true;
  }
  Waiter me;
  me.since = std::chrono::steady_clock::now();
  Append(me);
  const auto is_over = [&]() APPCACHE_REQUIRES(mutex_) {
    return me.received || !is_taken_ || gives_up();
  };
  me.changed.wait_until(lock.native(), deadline, is_over);
  // Release has already removed a waiter to which it transferred the lock.
  if (me.received) return true;
  Remove(me);
  if (!is_taken_ && !gives_up()) {
    is_taken_ = true;
    return true;
  }
  if (!is_taken_ && first_waiter_ != nullptr) {
    first_waiter_->changed.notify_one();  // in place of this one
  }
  return false;
}

void FairLock::Release() noexcept {
  MutexLock guard(mutex_);
  assert(is_taken_);
  is_taken_ = false;
  if (first_waiter_ == nullptr) return;
  // Notifies with the mutex held, because the waiter is on the stack of its
  // thread, which would otherwise be free to return.
  Waiter& first = *first_waiter_;
  if (std::chrono::steady_clock::now() - first.since >= kPatience) {
    Remove(first);
    first.received = true;
    is_taken_ = true;
  }
  first.changed.notify_one();
}

void FairLock::WakeWaiters() noexcept {
  MutexLock guard(mutex_);
  for (Waiter* waiter = first_waiter_; waiter != nullptr;
       waiter = waiter->next) {
    waiter->changed.notify_one();
  }
}

}  // namespace appcache::internal
