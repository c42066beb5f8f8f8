#include "engine/lane/writer_lane.h"

#include <new>

#include "engine/lane/backoff.h"
#include "engine/lane/time_left.h"

namespace appcache {
namespace {

constexpr std::chrono::milliseconds kPatience{1};

}  // namespace

Status WriterLane::Busy(std::chrono::milliseconds waited,
                        const char* holder) const {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) +
                    " ms to write to " + name_ + ": " + holder +
                    " is writing; try again, or allow more busy_timeout");
}

void WriterLane::Append(Waiter& waiter) noexcept {
  Waiter** end = &first_waiter_;
  while (*end != nullptr) end = &(*end)->next;
  *end = &waiter;
}

void WriterLane::Remove(const Waiter& waiter) noexcept {
  Waiter** at = &first_waiter_;
  while (*at != &waiter) at = &(*at)->next;
  *at = waiter.next;
}

bool WriterLane::EnterThreads(std::chrono::milliseconds max_wait) noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!occupied_) {
    occupied_ = true;
    return true;
  }
  Waiter me;
  me.since = std::chrono::steady_clock::now();
  Append(me);
  const bool entered = me.changed.wait_for(
      lock, max_wait, [&] { return me.handed || !occupied_; });
  // Who was handed the lane has been taken off the queue.
  if (!me.handed) Remove(me);
  if (entered) {
    occupied_ = true;
  } else if (!occupied_ && first_waiter_ != nullptr) {
    first_waiter_->changed.notify_one();  // in place of this one
  }
  return entered;
}

Status WriterLane::LockFile(std::chrono::milliseconds left,
                            std::chrono::milliseconds max_wait) {
  if (!file_lock_) return Status();
  Backoff backoff(left);
  for (;;) {
    const Result<bool> locked = file_lock_->TryLock();
    if (!locked.ok()) return locked.status();
    if (*locked) return Status();
    if (!backoff.Wait()) return Busy(max_wait, "another process");
  }
}

Result<WriterLane::Pass> WriterLane::Enter(std::chrono::milliseconds max_wait) {
  const TimeLeft left(max_wait);
  if (!EnterThreads(max_wait)) {
    return Busy(max_wait, "another thread of this process");
  }
  Pass pass(this);
  Status locked = LockFile(left.Get(), max_wait);
  if (!locked.ok()) return locked;
  return pass;
}

WriterLane::Pass WriterLane::EnterToClose(std::chrono::milliseconds max_wait,
                                          Status& locked) noexcept {
  while (!EnterThreads(std::chrono::hours(1))) {
  }
  Pass pass(this);
  try {
    locked = LockFile(max_wait, max_wait);
  } catch (const std::bad_alloc&) {
    locked = Status::OutOfMemory();
  }
  return pass;
}

void WriterLane::Leave() noexcept {
  // Also if it was not locked: that is harmless.
  if (file_lock_) file_lock_->Unlock();
  std::lock_guard<std::mutex> guard(mutex_);
  occupied_ = false;
  if (first_waiter_ == nullptr) return;
  // Notified under the mutex: the waiter is on its thread's stack.
  Waiter& first = *first_waiter_;
  if (std::chrono::steady_clock::now() - first.since >= kPatience) {
    Remove(first);
    first.handed = true;
    occupied_ = true;
  }
  first.changed.notify_one();
}

}  // namespace appcache
