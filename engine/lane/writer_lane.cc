#include "engine/lane/writer_lane.h"

#include <new>

#include "engine/lane/backoff.h"
#include "engine/lane/time_left.h"
#include "engine/support/file_size_signal.h"

namespace appcache::internal {

Status WriterLane::Busy(std::chrono::milliseconds waited,
                        const char* holder) const {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) +
                    " ms to write to " + name_ + ": " + holder +
                    " is writing; try again, or increase busy_timeout");
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
  if (!threads_.AcquireUntil(left.deadline())) {
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
  threads_.Acquire();
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
  threads_.Release();
}

}  // namespace appcache::internal
