#include "engine/lane/writer_lane.h"

#include <cassert>
#include <new>

#include "engine/lane/backoff.h"
#include "engine/lane/time_left.h"
#include "engine/support/file_size_signal.h"

namespace appcache::internal {
namespace {

// A waiter that has waited this long is not overtaken by other threads.
constexpr std::chrono::milliseconds kPatience{1};

}  // namespace

Status WriterLane::Busy(std::chrono::milliseconds waited,
                        const char* holder) const {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) +
                    " ms to write to " + name_ + ": " + holder +
                    " is writing; try again, or increase busy_timeout");
}

void WriterLane::Append(Waiter& waiter) noexcept {
  Waiter** end = &first_waiter_;
  while (*end != nullptr) end = &(*end)->next;
  *end = &waiter;
}

void WriterLane::Remove(const Waiter& waiter) noexcept {
  Waiter** at = &first_waiter_;
  while (*at != &waiter) {
    assert(*at != nullptr);
    at = &(*at)->next;
  }
  *at = waiter.next;
}

bool WriterLane::EnterThreads(std::chrono::milliseconds max_wait) noexcept {
  UniqueMutexLock lock(mutex_);
  if (!occupied_) {
    occupied_ = true;
    return true;
  }
  Waiter me;
  me.since = std::chrono::steady_clock::now();
  Append(me);
  const bool entered = me.changed.wait_for(
      lock.native(), max_wait,
      [&]() APPCACHE_REQUIRES(mutex_) { return me.received || !occupied_; });
  // Leave has already removed a waiter to which it transferred the lock.
  if (!me.received) Remove(me);
  if (entered) {
    occupied_ = true;
  } else if (!occupied_ && first_waiter_ != nullptr) {
    first_waiter_->changed.notify_one();  // in place of this one
  }
  return entered;
}

Status WriterLane::LockFile(std::chrono::milliseconds remaining,
                            std::chrono::milliseconds max_wait) {
  // Until Leave, in the same thread: a write fails instead of killing it.
  if (blocks_signal_) BlockFileSizeSignal();
  if (!file_lock_) return Status();
  Backoff backoff(remaining);
  for (;;) {
    const Result<bool> locked = file_lock_->TryLock();
    if (!locked.ok()) return locked.status();
    if (*locked) return Status();
    if (!backoff.Wait()) return Busy(max_wait, "another process");
  }
}

Result<WriterLane::Held> WriterLane::Enter(std::chrono::milliseconds max_wait) {
  const TimeLeft left(max_wait);
  if (!EnterThreads(max_wait)) {
    return Busy(max_wait, "another thread of this process");
  }
  Held held(this);
  held.AssertHolds(*this);
  Status locked = LockFile(left.Get(), max_wait);
  if (!locked.ok()) return locked;
  return held;
}

WriterLane::Held WriterLane::EnterToClose(std::chrono::milliseconds max_wait,
                                          Status& locked) noexcept {
  while (!EnterThreads(std::chrono::hours(1))) {
  }
  Held held(this);
  held.AssertHolds(*this);
  try {
    locked = LockFile(max_wait, max_wait);
  } catch (const std::bad_alloc&) {
    locked = Status::OutOfMemory();
  }
  return held;
}

void WriterLane::Leave() noexcept {
  // Harmless when the file is not locked because LockFile failed.
  if (file_lock_) file_lock_->Unlock();
  if (blocks_signal_) UnblockFileSizeSignal();
  MutexLock guard(mutex_);
  assert(occupied_);
  occupied_ = false;
  if (first_waiter_ == nullptr) return;
  // Notifies with the mutex held, because the waiter is on the stack of its
  // thread, which would otherwise be free to return.
  Waiter& first = *first_waiter_;
  if (std::chrono::steady_clock::now() - first.since >= kPatience) {
    Remove(first);
    first.received = true;
    occupied_ = true;
  }
  first.changed.notify_one();
}

}  // namespace appcache::internal
