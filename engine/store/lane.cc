#include "engine/store/lane.h"

#include "engine/store/backoff.h"

namespace appcache::store {

Status WriterLane::Busy(std::chrono::milliseconds waited,
                        const char* holder) const {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) +
                    " ms to write to " + name_ + ": " + holder +
                    " is writing; try again, or allow more busy_timeout");
}

bool WriterLane::EnterThreads(std::chrono::milliseconds max_wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!left_.wait_for(lock, max_wait, [this] { return !occupied_; })) {
    return false;
  }
  occupied_ = true;
  return true;
}

Status WriterLane::LockFile(std::chrono::milliseconds max_wait) {
  if (!file_lock_) return Status();
  Backoff backoff(max_wait);
  for (;;) {
    const Result<bool> locked = file_lock_->TryLock();
    if (!locked.ok()) return locked.status();
    if (*locked) return Status();
    if (!backoff.Wait()) return Busy(max_wait, "another process");
  }
}

Result<WriterLane::Pass> WriterLane::Enter(std::chrono::milliseconds max_wait) {
  if (!EnterThreads(max_wait)) {
    return Busy(max_wait, "another thread of this process");
  }
  Pass pass(this);
  Status locked = LockFile(max_wait);
  if (!locked.ok()) return locked;
  return pass;
}

WriterLane::Pass WriterLane::EnterToClose(std::chrono::milliseconds max_wait,
                                          Status& locked) {
  while (!EnterThreads(std::chrono::hours(1))) {
  }
  Pass pass(this);
  locked = LockFile(max_wait);
  return pass;
}

void WriterLane::Leave() noexcept {
  // Also if it was not locked: that is harmless.
  if (file_lock_) file_lock_->Unlock();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    occupied_ = false;
  }
  left_.notify_one();
}

}  // namespace appcache::store
